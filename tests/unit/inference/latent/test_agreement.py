"""How well blocks go together, by what they sound like."""

import math

import pytest
import torch

from inference.latent.agreement import SILENT, Sounds
from inference.latent.points import blocks_in, points_of
from inference.music.pitch import Mode
from inference.tokens.block import KICK
from inference.tokens.tables import DRUM_SETS
from inference.tokens.vocabulary import DRUM_SET, PITCH, POSITIONS
from tests.unit.inference.latent.spaces import taught

C, E, F_SHARP = 0, 4, 6


def pitched(*strikes: tuple[int, int]) -> Sounds:
    """A block of strokes: where, and of which pitch class."""
    return struck({at: PITCH + 36 + tone for at, tone in strikes})


def kicks(*places: int) -> Sounds:
    return struck(dict.fromkeys(places, DRUM_SET + DRUM_SETS.index(KICK)))


def struck(values: dict[int, int]) -> Sounds:
    block = torch.full((1, POSITIONS), SILENT, dtype=torch.int16)
    for at, value in values.items():
        block[0, at] = value
    return Sounds(block)


def test_unison_is_the_same_pitch_class_at_the_same_time() -> None:
    riff = pitched((0, C), (12, E))
    assert riff.in_unison(riff)[0] == pytest.approx(1.0)
    assert riff.in_unison(pitched((0, C), (24, E)))[0] == pytest.approx(0.5)
    assert riff.in_unison(pitched((0, E), (12, C)))[0] == 0.0


def test_a_bass_strikes_with_the_bass_drum_or_beside_it() -> None:
    bass = pitched((0, C), (12, C))
    assert bass.with_kicks_of(kicks(0, 12))[0] == pytest.approx(1.0)
    assert bass.with_kicks_of(kicks(6, 18))[0] == 0.0


def test_two_that_play_the_same_tones_in_a_beat_agree_whenever_they_strike_in_it() -> None:
    assert pitched((0, C)).beside(pitched((3, C)))[0] == pytest.approx(1.0)
    assert pitched((0, C)).beside(pitched((0, F_SHARP)))[0] == 0.0


def test_a_tritone_is_outside_the_scale_and_a_third_is_not() -> None:
    assert pitched((0, C), (12, F_SHARP)).outside(Mode.MAJOR)[0] == pytest.approx(0.5)
    assert pitched((0, C), (12, E)).outside(Mode.MAJOR)[0] == 0.0


def test_what_was_heard_often_is_familiar_and_the_rest_is_not() -> None:
    heard = torch.zeros(12)
    assert pitched((0, C)).unfamiliar(heard)[0] == pytest.approx(math.log2(12))
    heard[C] = 10.0
    often, half, never = (
        float(block.unfamiliar(heard)[0])
        for block in (pitched((0, C), (12, C)), pitched((0, C), (12, E)), pitched((0, E), (12, E)))
    )
    assert often == pytest.approx(math.log2(16 / 10.5))
    assert never == pytest.approx(math.log2(16 / 0.5))
    assert half == pytest.approx((often + never) / 2)
    assert kicks(0).unfamiliar(heard)[0] == 0.0


def test_blocks_are_as_alike_as_what_both_strike_at_one_place() -> None:
    riff = pitched((0, C), (12, E))
    assert riff.like(riff)[0] == pytest.approx(1.0)
    assert riff.like(pitched((0, C), (12, C)))[0] == pytest.approx(1 / 3)
    assert kicks(0).like(pitched((0, C)))[0] == 0.0


def test_blocks_sound_as_they_are_written() -> None:
    space, song = taught()
    blocks, _ = blocks_in(song)
    sounds = Sounds.of(space.sketch, points_of(space.encoder, song).values)
    assert sounds.is_pitched.tolist() == [not block.is_drum for block in blocks]
    found = total = 0
    for number, block in enumerate(blocks):
        struck = torch.zeros(POSITIONS)
        struck[list(block.kicks if block.is_drum else block.onsets)] = 1.0
        heard = sounds.kicks[number] if block.is_drum else sounds.strikes[number]
        found, total = found + int((heard * struck).sum()), total + int(struck.sum())
        assert all(hit.value >= PITCH for hit in block.hits)
    assert found > 0.8 * total
