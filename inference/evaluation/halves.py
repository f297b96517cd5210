"""Comparing a set of songs with real ones, beside comparing real ones with other real ones.

A distance between two sets is never zero, not even between two sets of real songs, and it falls with their size. So
the real songs are cut in two at random, again and again: what generated songs score against one half is held against
what as many songs of the other half score.
"""

from collections.abc import Callable, Sequence

import numpy as np

from inference.evaluation.estimate import Estimate, Indices, between

REPEATS = 200
MIN_SONGS = 8

Compare = Callable[[Indices, Indices], float]


def against_halves(compare: Compare, songs: Sequence[int], generated: int, seed: int) -> tuple[Estimate, Estimate]:
    """How real pieces and how generated ones compare with a half of the real ones, over random halves.

    Args:
        compare: takes the indices of the half and of the pieces to compare with it.
        songs: the song of each real piece; a song never is in both halves. Real pieces are 0..N-1.
        generated: number of generated pieces; they are N..N+generated-1.
        seed: of the halves.

    Raises:
        ValueError: fewer than MIN_SONGS real songs, or nothing generated.
    """
    names = np.unique(songs)
    if len(names) < MIN_SONGS or not generated:
        raise ValueError(f"halves need {MIN_SONGS} songs, not {len(names)}, and something to compare with them")
    rng = np.random.default_rng(seed)
    real_scores, scores, size = [], [], 0
    for _ in range(REPEATS):
        in_half = np.isin(songs, rng.choice(names, len(names) // 2, replace=False))
        half, others = np.flatnonzero(in_half), np.flatnonzero(~in_half)
        size = min(len(others), generated)
        real_scores.append(compare(half, rng.choice(others, size, replace=False)))
        scores.append(compare(half, len(songs) + rng.choice(generated, size, replace=False)))
    return between(real_scores, size), between(scores, size)
