"""A song that is too sparse leans to short gaps, one that is too busy to long ones, and one on target to nothing."""

from itertools import pairwise

import pytest

from inference.music.measure import density_of
from inference.music.spec import MAX_DENSITY, MIN_DENSITY
from inference.tokens.block import Block
from inference.tokens.busyness import Busyness, gap_leaning, onsets_for
from inference.tokens.vocabulary import BAR, PITCH, POSITION, POSITIONS, Step

DENSITIES = range(MIN_DENSITY, MAX_DENSITY + 1)


def block(onsets: int) -> Block:
    return Block(tuple(Step(POSITION + 6 * number, PITCH + 40, 1, 4, 4) for number in range(onsets)))


@pytest.mark.parametrize("density", DENSITIES)
def test_the_middle_of_a_bin_is_in_it(density: int) -> None:
    assert density_of(round(100 * onsets_for(density)), 100) == density


def test_a_song_that_keeps_to_its_density_is_left_alone() -> None:
    busyness = Busyness(5)
    for _ in range(20):
        busyness.follow((block(6), None, block(6)))
    assert busyness.level == 0


@pytest.mark.parametrize(("onsets", "sign"), [(2, 1), (15, -1)])
def test_the_level_grows_with_the_bars_that_are_off(onsets: int, sign: int) -> None:
    busyness = Busyness(5)
    levels = []
    for _ in range(6):
        busyness.follow((block(onsets), block(onsets)))
        levels.append(sign * busyness.level)
    assert levels == sorted(levels)
    assert levels[-1] > 2


def test_rests_count_for_nothing() -> None:
    busyness = Busyness(5)
    for _ in range(50):
        busyness.follow((None, None))
    assert busyness.level == 0


def test_a_sparse_song_is_drawn_to_near_strokes_and_to_stay() -> None:
    leaning = gap_leaning(3, 24, 96)
    assert leaning is not None
    after = leaning[POSITION + 24 : POSITION + POSITIONS]
    assert all(near > far for near, far in pairwise(after))
    assert leaning[BAR] == leaning[POSITION + POSITIONS - 1] + (leaning[POSITION + 1 + 24] - leaning[POSITION + 24])


def test_a_busy_song_is_drawn_the_other_way() -> None:
    sparse, busy = gap_leaning(2, -1, 96), gap_leaning(-2, -1, 96)
    assert sparse is not None
    assert busy is not None
    assert (sparse == -busy).all()
    assert gap_leaning(0, -1, 96) is None
