"""Windows of notes: the same tune has the same keys wherever and in whatever key it is played."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.originality.ngrams import LEVELS, Level, Melody
from tests.fakes.tunes import Notes, tune

UNHURRIED = settings(max_examples=40, deadline=None)

WINDOW = Level(16, 0)


def melody(notes: Notes) -> Melody:
    return Melody(*zip(*notes, strict=True))


def symbols_in(notes: Notes) -> int:
    return len({(following[0] - at[0], following[1] - at[1]) for at, following in pairwise(notes)})


@UNHURRIED
@given(seed=st.integers(0, 999), shift=st.integers(0, 500), transpose=st.integers(-12, 12))
def test_keys_do_not_change_with_time_and_transposition(seed: int, shift: int, transpose: int) -> None:
    notes = tune(seed, 90)
    moved = [(at + shift, pitch + transpose) for at, pitch in notes]
    for level in LEVELS:
        assert (melody(notes).windows(level).keys == melody(moved).windows(level).keys).all()


@UNHURRIED
@given(seed=st.integers(0, 999), level=st.sampled_from(LEVELS), note=st.integers(0, 127))
def test_every_note_matters_to_all_windows_it_is_in(seed: int, level: Level, note: int) -> None:
    notes = tune(seed, 128)
    other = [(at, pitch + (number == note)) for number, (at, pitch) in enumerate(notes)]
    # Without slack: with it, windows at whose edge a note differs may pass for equal.
    whole = Level(level.notes, 0)
    same = melody(notes).windows(whole).keys == melody(other).windows(whole).keys
    holds = [start <= note < start + level.notes for start in range(len(same))]
    assert same.tolist() == [not held for held in holds]


@UNHURRIED
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(60, 61)), min_size=16, max_size=60))
def test_a_window_counts_from_four_different_symbols_on(leaps: list[tuple[int, int]]) -> None:
    onsets = np.cumsum([wait for wait, _ in leaps]).tolist()
    notes = list(zip(onsets, [pitch for _, pitch in leaps], strict=True))
    counted = melody(notes).windows(WINDOW).counted
    assert counted.tolist() == [symbols_in(notes[start : start + 16]) > 3 for start in range(len(notes) - 15)]


@pytest.mark.parametrize("length", [0, 1, 2, 15, 16, 17])
def test_a_melody_has_a_window_for_every_start_that_has_enough_notes(length: int) -> None:
    notes = tune(1, length)
    short = Melody([at for at, _ in notes], [pitch for _, pitch in notes])
    assert len(short) == length
    assert len(short.windows(WINDOW).keys) == len(short.windows(WINDOW).counted) == max(0, length - 15)


def test_slack_makes_neighbours_share_keys() -> None:
    notes = melody(tune(random.Random(3).randrange(1000), 2000))
    exact, slack = (len(np.unique(notes.windows(Level(64, slack)).keys)) for slack in (0, 4))
    assert slack < exact / 2
