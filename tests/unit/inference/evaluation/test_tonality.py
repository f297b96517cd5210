"""Measures of pitch classes, on scores whose figures can be worked out by hand."""

from math import isnan, log2, sqrt

import pytest

from inference.evaluation.tonality import (
    beat_chroma,
    mean_tonal_distance,
    pitch_class_entropy,
    scale_consistency,
    tonal_distance,
)
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from tests.fakes.scores import quartet_score, single_note_score


def _melody(*pitches: int, is_drum: bool = False) -> Track:
    return Track("Melody", 0, is_drum, tuple(Note(at * PPQ, pitch, PPQ, 90) for at, pitch in enumerate(pitches)))


def test_one_pitch_class_has_no_entropy_and_four_have_two_bits() -> None:
    assert pitch_class_entropy(single_note_score()) == 0
    assert pitch_class_entropy(Score((_melody(60, 72, 62, 64, 65, 74, 76, 77),))) == pytest.approx(2)


def test_drums_have_no_pitch_classes() -> None:
    melody = _melody(60, 60, 60, 67)
    expected = -0.75 * log2(0.75) - 0.25 * log2(0.25)
    assert pitch_class_entropy(Score((melody, _melody(36, 37, 38, is_drum=True)))) == pytest.approx(expected)
    assert isnan(pitch_class_entropy(Score((_melody(36, is_drum=True),))))
    assert isnan(scale_consistency(Score((_melody(36, is_drum=True),))))


def test_a_scale_is_consistent_with_itself_in_any_key_and_its_relative_minor() -> None:
    major = [0, 2, 4, 5, 7, 9, 11]
    for tonic in range(48, 60):
        assert scale_consistency(Score((_melody(*(tonic + step for step in major)),))) == 100
    assert scale_consistency(Score((_melody(57, 59, 60, 62, 64, 65, 67),))) == 100
    assert scale_consistency(Score((_melody(*range(60, 72)),))) == pytest.approx(100 * 7 / 12)


def test_a_chroma_counts_the_ticks_that_a_note_sounds_in_each_beat() -> None:
    track = Track("Bass", 33, False, (Note(PPQ // 2, 40, PPQ, 90),))
    chroma = beat_chroma(track, 3)
    assert chroma[:, 4].tolist() == [PPQ / 2, PPQ / 2, 0]
    assert chroma.sum() == PPQ


def test_tonal_distance_of_a_tritone_is_that_of_opposite_points_on_the_circles_of_odd_steps() -> None:
    left, right = (beat_chroma(_melody(pitch), 1) for pitch in (60, 66))
    # Fifths and minor thirds: opposite points at radius 1; six semitones are two whole turns of major thirds.
    assert tonal_distance(left, right) == pytest.approx(sqrt(2**2 + 2**2))
    assert tonal_distance(left, left) == 0


def test_tracks_that_never_sound_together_have_no_distance() -> None:
    early, late = beat_chroma(_melody(60), 2), beat_chroma(Track("L", 0, False, (Note(PPQ, 60, PPQ, 9),)), 2)
    assert isnan(tonal_distance(early, late))
    assert isnan(mean_tonal_distance([early, late]))


def test_a_fifth_is_nearer_than_a_tritone() -> None:
    root, fifth, tritone = (beat_chroma(_melody(pitch), 1) for pitch in (60, 67, 66))
    assert tonal_distance(root, fifth) < tonal_distance(root, tritone)


def test_the_quartet_is_mostly_in_one_scale() -> None:
    assert 80 < scale_consistency(quartet_score()) <= 100
