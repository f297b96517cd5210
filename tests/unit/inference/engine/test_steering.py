"""Songs written from points: every step hears the point of its bar, and a song still depends on nobody else."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.engine.batch import BatchRunner
from inference.engine.contract import ComposeJob
from inference.engine.native.build import library
from inference.engine.native.errors import NativeUnavailable
from inference.engine.native.runner import NativeRunner
from inference.engine.runner import Runner
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.model.transformer import Composer
from inference.tokens.state import CONTEXT_SIZES, ROLE_COLUMN
from tests.unit.inference.engine.tiny import job, tiny_composer
from tests.unit.inference.engine.writing import sequence, write_alone, write_together

SLOTS = 3
ROLES = CONTEXT_SIZES[ROLE_COLUMN]
BARS = 4
MakeRunner = Callable[[Composer], BatchRunner]


def half_precise(window: int = 96) -> Composer:
    """Weights as a checkpoint holds them."""
    return tiny_composer(window).half().float()


def with_torch(model: Composer) -> BatchRunner:
    return Runner(model, SLOTS)


def natively(model: Composer) -> BatchRunner:
    try:
        built = library()
    except NativeUnavailable as error:
        pytest.skip(str(error))
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return NativeRunner(built, model.config, weights, SLOTS)


def steered(plain: ComposeJob, seed: int, size: float = 3.0) -> ComposeJob:
    rows = size * np.random.default_rng(seed).standard_normal((1 + (plain.spec.bars or 0), ROLES, 32), np.float32)
    return replace(plain, steer=rows)


@pytest.mark.parametrize("make", [with_torch, natively])
def test_points_change_the_song_and_points_of_nothing_do_not(make: MakeRunner) -> None:
    runner = make(half_precise())
    plain = write_alone(runner, 0, job("a", 3, BARS))
    assert write_alone(runner, 1, steered(job("b", 3, BARS), 1, size=0.0)) == plain
    assert write_alone(runner, 0, steered(job("c", 3, BARS), 1)) != plain
    assert write_alone(runner, 0, job("d", 3, BARS)) == plain


@pytest.mark.parametrize("make", [with_torch, natively])
def test_a_steered_song_is_the_same_in_any_company(make: MakeRunner) -> None:
    runner = make(half_precise())
    jobs = [job(str(seed), seed, BARS) for seed in range(4)]
    jobs = [steered(one, seed) if seed % 2 else one for seed, one in enumerate(jobs)]
    alone = [write_alone(runner, seed % SLOTS, one) for seed, one in enumerate(jobs)]
    for schedule in range(4):
        assert write_together(runner, jobs, random.Random(schedule)) == alone


def test_every_step_hears_the_point_of_the_bar_it_is_in() -> None:
    """The summaries of a song written step by step are those of the whole song at once."""
    model = half_precise(window=512)
    runner = Runner(model, SLOTS)
    song = sequence(steered(job("a", 5, bars=8), 2))
    song.slot = 1
    runner.join(song)
    shown, places, seen = [], [], []
    fed = runner._fed

    def watched(*told: object) -> torch.Tensor:
        summary: torch.Tensor = fed(*told)  # type: ignore[arg-type]  # passed on as they came
        seen.append(summary[song.slot])
        return summary

    runner._fed = watched  # type: ignore[method-assign]  # to look, not to change
    while not song.is_finished:
        shown.append((song.step, song.state.context(), song.state.content))
        places.append((len(song.state.rows) + song.state.in_bar, song.state.context()[ROLE_COLUMN]))
        runner.step([song])
    assert {begun for begun, _ in places} == set(range(9))
    assert len({role for _, role in places}) > 3
    fields, context, content = (torch.tensor([[row[i] for row in shown]]) for i in range(3))
    inputs = StepInputs(
        fields,
        context,
        content,
        torch.tensor([song_numbers(song.header)]),
        genre_weights(song.header, model.config.genres)[None],
    )
    assert song.steer is not None
    with torch.inference_mode():
        whole = model(inputs, torch.from_numpy(song.steer[tuple(zip(*places, strict=True))])[None])[0]
    torch.testing.assert_close(torch.stack(seen), whole, rtol=1e-3, atol=1e-3)
