"""Draws obey masks, the nucleus and the noise they are given."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from inference.engine.noise import uniform
from inference.engine.sampler import draw


def _draw_one(probabilities: list[float], mask: list[bool], top_p: float, noise: float) -> int:
    logits = torch.tensor([probabilities]).log()
    column = [torch.tensor([[value]]) for value in (1.0, top_p, noise)]
    return int(draw(logits, torch.tensor([mask]), column[0], column[1], column[2]))


@given(st.floats(0, 1, exclude_max=True, width=32))
def test_a_masked_value_is_never_drawn(noise: float) -> None:
    assert _draw_one([0.9, 0.05, 0.05], [False, True, True], 1.0, noise) in (1, 2)


@given(st.floats(0, 1, exclude_max=True, width=32))
def test_values_outside_the_nucleus_are_never_drawn(noise: float) -> None:
    assert _draw_one([0.6, 0.3, 0.1], [True] * 3, 0.8, noise) in (0, 1)


def test_draws_follow_the_probabilities() -> None:
    drawn = [_draw_one([0.5, 0.25, 0.25], [True] * 3, 1.0, uniform(3, step, 0)) for step in range(2000)]
    assert abs(drawn.count(0) / 2000 - 0.5) < 0.05
    assert abs(drawn.count(1) / 2000 - 0.25) < 0.05


@given(st.integers(0, 2**32 - 1), st.integers(0, 10_000), st.integers(0, 4))
def test_noise_is_a_function_of_its_address_within_the_unit_interval(seed: int, step: int, field: int) -> None:
    value = uniform(seed, step, field)
    assert 0 <= value < 1
    assert value == uniform(seed, step, field)
    assert value != uniform(seed, step + 1, field)
