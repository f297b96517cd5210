"""Bars of two players: counted like a slow reading of the notes counts them, and the same in every key."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.originality.ngrams import Melody
from inference.originality.together import pair_windows
from tests.fakes.tunes import Notes, tune

UNHURRIED = settings(max_examples=40, deadline=None)
BAR = 96


def melody(notes: Notes) -> Melody:
    return Melody([at for at, _ in notes], [pitch for _, pitch in notes])


def sparse(seed: int, bars: int) -> Notes:
    """Few pitches at a few places, so that some bars have little in them."""
    rng = random.Random(seed)
    onsets = sorted(rng.sample(range(0, bars * BAR, 6), rng.randint(2, 4 * bars)))
    return [(at, rng.choice((50, 50, 50, 53))) for at in onsets]


def is_enough(notes: Notes, first_bar: int) -> bool:
    inside = [(at, pitch) for at, pitch in notes if first_bar * BAR <= at < (first_bar + 6) * BAR]
    return len(inside) >= 9 and len({(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(inside)}) >= 4


@UNHURRIED
@given(st.integers(0, 10_000))
def test_eight_bars_count_when_both_play_enough_in_six_of_them(seed: int) -> None:
    one, other = sparse(seed, 14), sparse(seed + 1, 14)
    (counted,) = pair_windows([melody(one), melody(other)], BAR, 14).counted.tolist()
    enough = [is_enough(one, bar) and is_enough(other, bar) for bar in range(9)]
    assert counted == [any(enough[bar : bar + 3]) for bar in range(7)]


@UNHURRIED
@given(seed=st.integers(0, 999), later=st.integers(0, 20), up=st.integers(-12, 12), down=st.integers(-12, 12))
def test_keys_do_not_change_with_the_bar_the_key_and_the_order_of_players(
    seed: int, later: int, up: int, down: int
) -> None:
    one, other = tune(seed, 200), tune(seed + 1, 200)
    moved = [[(at + later * BAR, pitch + by) for at, pitch in notes] for notes, by in ((other, up), (one, down))]
    keys = pair_windows([melody(one), melody(other)], BAR, 16).keys
    same = pair_windows([melody(notes) for notes in moved], BAR, 16 + later).keys
    assert (keys == same[:, later:]).all()


def test_a_note_less_makes_other_keys() -> None:
    one, other = tune(1, 200), tune(2, 200)
    whole = pair_windows([melody(one), melody(other)], BAR, 16).keys
    cut = pair_windows([melody([note for number, note in enumerate(one) if number != 40]), melody(other)], BAR, 16).keys
    bar = one[40][0] // BAR
    assert 3 <= bar <= 8
    assert whole[0, bar - 2] != cut[0, bar - 2]


@pytest.mark.parametrize("bars", [0, 1, 7, 8, 9])
@pytest.mark.parametrize("players", [2, 3])
def test_every_pair_has_a_window_wherever_eight_bars_begin(players: int, bars: int) -> None:
    windows = pair_windows([melody(tune(seed, 300)) for seed in range(players)], BAR, bars)
    assert windows.keys.shape == windows.counted.shape == (players * (players - 1) // 2, max(0, bars - 7))
    assert windows.counted.all()


@pytest.mark.parametrize("players", [0, 1])
def test_one_player_alone_plays_with_nobody(players: int) -> None:
    assert not pair_windows([melody(tune(1, 300))] * players, BAR, 20).keys.size


def test_a_silent_player_counts_for_nothing() -> None:
    windows = pair_windows([melody([]), melody(tune(1, 200))], BAR, 12)
    assert not windows.counted.any()
    assert len(np.unique(windows.keys)) == 1
