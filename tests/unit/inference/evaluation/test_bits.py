"""Bits per note: every step counts once, whatever the window."""

import pytest
import torch

from inference.evaluation.bits import excerpt_bits, windows
from inference.tokens.arrange import arrange
from inference.tokens.encode import encode
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD
from tests.fakes.scores import quartet_score
from tests.unit.inference.engine.tiny import tiny_composer

SONG = arrange(quartet_score(8), (("metal", 1.0),))


@pytest.mark.parametrize("steps", [5, 96, 97, 200, 1000])
def test_every_target_counts_once_with_half_a_window_before_it(steps: int) -> None:
    counted: list[int] = []
    for first, end, start in windows(steps, 96):
        assert 0 <= first < end <= steps
        assert end - first <= 96
        assert first == 0 or start - first >= 48
        counted.extend(range(start, end))
    assert counted == list(range(steps))


def test_a_model_that_knows_nothing_needs_the_logarithm_of_the_choices() -> None:
    model = tiny_composer(window=1024)
    with torch.no_grad():
        for layer in (*model.cascade.logits, model.cascade.strokes, model.cascade.before):
            layer.weight.zero_()
            layer.bias.zero_()
    bits, notes = excerpt_bits(model, SONG)
    steps = len(list(encode(SONG))) - 1 - len(SONG.header.players)
    assert bits[HEAD_FIELD] == pytest.approx(steps * torch.tensor(FIELD_SIZES[HEAD_FIELD]).log2().item(), rel=1e-5)
    assert notes == quartet_score(8).note_count


def test_a_short_window_changes_little_and_counts_as_many_notes() -> None:
    whole, notes = excerpt_bits(tiny_composer(window=1024), SONG)
    cut, as_many = excerpt_bits(tiny_composer(window=96), SONG)
    assert cut.sum() == pytest.approx(whole.sum(), rel=0.05)
    assert notes == as_many
