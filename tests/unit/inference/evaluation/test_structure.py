"""Measures of repetition, on bars written by hand."""

from math import isnan

import numpy as np
import pytest

from inference.evaluation.structure import (
    bars_of,
    groove_consistency,
    longest_run,
    similarity,
    similarity_curve,
    structure_error,
)
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from tests.fakes.scores import BAR, quartet_score


def _song(form: str, *others: Track) -> Score:
    """A bar of two quarters a letter: the first is always alike, the second has the letter's pitch; a dot rests."""
    notes = [
        note
        for bar, letter in enumerate(form)
        if letter != "."
        for note in (Note(bar * BAR, 40, PPQ, 90), Note(bar * BAR + PPQ, ord(letter), PPQ, 90))
    ]
    return Score((Track("Bass", 33, False, tuple(notes)), *others))


def test_similarity_is_shared_notes_over_all_notes() -> None:
    bars = bars_of(_song("ABAB"), 4)
    assert similarity(bars, 2) == 1
    assert similarity(bars, 1) == pytest.approx(1 / 3)


def test_bars_that_both_rest_say_nothing_about_similarity() -> None:
    bars = bars_of(_song("A..A"), 4)
    assert similarity(bars, 3) == 1
    assert similarity(bars, 1) == 0
    assert isnan(similarity(bars_of(_song(".."), 2), 1))


def test_the_same_notes_on_another_track_or_of_another_length_are_others() -> None:
    moved = Score((Track("A", 0, False, (Note(0, 40, PPQ, 90),)), Track("B", 0, False, (Note(BAR, 40, PPQ, 90),))))
    assert similarity(bars_of(moved, 2), 1) == 0
    longer = Score((Track("A", 0, False, (Note(0, 40, PPQ, 90), Note(BAR, 40, 2 * PPQ, 90))),))
    assert similarity(bars_of(longer, 2), 1) == 0


def test_structure_error_is_the_mean_distance_of_the_mean_curves_in_percent() -> None:
    left = np.array([[0.2, 0.4], [0.4, np.nan]])
    right = np.array([[0.5, 0.5]])
    assert structure_error(left, right) == pytest.approx(100 * (0.2 + 0.1) / 2)
    assert structure_error(left, left) == 0


def test_a_curve_has_a_value_for_each_distance() -> None:
    assert similarity_curve(bars_of(_song("AAAA"), 4)).tolist() == [1, 1, 1]


def test_the_longest_run_is_of_equal_neighbours() -> None:
    assert longest_run(bars_of(_song("ABAB"), 4)) == 1
    assert longest_run(bars_of(_song("ABBBA"), 5)) == 3


def test_groove_counts_the_steps_at_which_bars_differ() -> None:
    drums = Track("Drums", 0, True, (Note(2 * PPQ, 38, PPQ, 90),))
    assert groove_consistency(_song("AB"), 2) == 100
    assert groove_consistency(_song("AB", drums), 2) == pytest.approx(100 * 47 / 48)
    assert isnan(groove_consistency(_song("A"), 1))


def test_groove_hears_neither_pitch_nor_how_many_play() -> None:
    assert groove_consistency(_song("AZ"), 2) == 100
    assert 80 < groove_consistency(quartet_score(8), 8) < 100
