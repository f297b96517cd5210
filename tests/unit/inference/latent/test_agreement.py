"""How well blocks go together, by what they sound like."""

import pytest
import torch

from inference.latent.agreement import Sounds
from inference.latent.points import blocks_in, points_of
from inference.music.pitch import Mode
from inference.tokens.vocabulary import PITCH, POSITIONS
from tests.unit.inference.latent.spaces import taught

C, E, F_SHARP = 0, 4, 6


def pitched(*strikes: tuple[int, int]) -> Sounds:
    """A block of strokes: where, and of which pitch class."""
    strokes, tones = torch.zeros(1, POSITIONS), torch.zeros(1, POSITIONS, 12)
    for at, tone in strikes:
        strokes[0, at] = tones[0, at, tone] = 1.0
    return Sounds(strokes, torch.zeros(1, POSITIONS), tones)


def kicks(*places: int) -> Sounds:
    struck = torch.zeros(1, POSITIONS)
    struck[0, list(places)] = 1.0
    return Sounds(struck, struck, torch.zeros(1, POSITIONS, 12))


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
