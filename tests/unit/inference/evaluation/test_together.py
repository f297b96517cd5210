"""Measures of a band that listens to itself."""

import random
from math import isnan

import pytest

from inference.evaluation.together import kick_bass_gain, onset_f1, tonal_distance_ratio, unison
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from tests.fakes.scores import BAR

BARS = 16


def _kit(ticks: list[int], key: int = 36) -> Track:
    return Track("Drums", 0, True, tuple(Note(tick, key, PPQ, 90) for tick in ticks))


def _line(notes: list[tuple[int, int]]) -> Track:
    return Track("Line", 33, False, tuple(Note(tick, pitch, PPQ, 90) for tick, pitch in notes))


def _roaming(offset: int = 0) -> Track:
    """A root a bar that is never the same in neighbouring bars."""
    return _line([(bar * BAR + beat * PPQ, 40 + offset + bar * 5 % 12) for bar in range(BARS) for beat in range(4)])


def test_f1_is_twice_the_shared_over_all() -> None:
    assert onset_f1({0, 1, 2}, {2, 3}) == pytest.approx(2 / 5)
    assert isnan(onset_f1(set(), {1}))


def test_only_the_bass_drum_counts_as_kick() -> None:
    bass = _line([(0, 40), (PPQ, 40)])
    assert isnan(kick_bass_gain(_kit([0, PPQ], key=38), bass, BARS, random.Random(1)))


def test_a_locked_rhythm_gains_over_shuffled_bars_and_a_constant_one_does_not() -> None:
    places = [bar * BAR + bar % 4 * PPQ for bar in range(BARS)]
    rng = random.Random(1)
    assert kick_bass_gain(_kit(places), _line([(tick, 40) for tick in places]), BARS, rng) > 0.4
    same = [bar * BAR for bar in range(BARS)]
    assert kick_bass_gain(_kit(same), _line([(tick, 40) for tick in same]), BARS, rng) == 0


def test_unison_is_a_matter_of_pitch_class_at_common_onsets() -> None:
    bass = _line([(0, 28), (PPQ, 30), (2 * PPQ, 31)])
    guitar = _line([(0, 40), (0, 47), (PPQ, 43), (3 * PPQ, 40)])
    assert unison(guitar, bass) == 50
    assert isnan(unison(guitar, _line([])))


def test_tracks_in_unison_are_tonally_one_and_tracks_that_ignore_each_other_are_not() -> None:
    rng = random.Random(1)
    assert tonal_distance_ratio(Score((_roaming(), _roaming(12))), BARS, rng) == 0
    drone = _line([(beat * PPQ, 40) for beat in range(4 * BARS)])
    assert tonal_distance_ratio(Score((_roaming(), drone)), BARS, rng) == pytest.approx(1)


def test_the_same_seed_gives_the_same_shuffles() -> None:
    score = Score((_roaming(), _roaming(7)))
    assert tonal_distance_ratio(score, BARS, random.Random(3)) == tonal_distance_ratio(score, BARS, random.Random(3))


def test_a_single_track_is_no_band() -> None:
    assert isnan(tonal_distance_ratio(Score((_roaming(),)), BARS, random.Random(1)))
