"""Steers a song to the density asked for: the further it is off, the stronger the bias to shorter or longer gaps."""

from collections.abc import Iterable
from functools import lru_cache
from math import log

import numpy as np

from inference.music.measure import DENSITY_BOUNDS
from inference.tokens.block import Block
from inference.tokens.leaning import Leaning
from inference.tokens.vocabulary import HEADS, POSITION

# In natural logarithms for each quarter of a gap, in a song that is e times too sparse.
BUSY_WEIGHT = 6.0
LEVELS = 6
LEVEL = 0.1
QUARTER = 24
# Blocks that are believed to be as asked before the song has any, so that the first few bars do not swing it.
PRIOR_BLOCKS = 6.0


def onsets_for(density: int) -> float:
    """Onsets in a bar of one playing instrument in the middle of a density bin; the outer bins are open."""
    bounds = (DENSITY_BOUNDS[0] - 1.2, *DENSITY_BOUNDS, DENSITY_BOUNDS[-1] + 2.4)
    return (bounds[density - 1] + bounds[density]) / 2


class Busyness:
    """How far a song is from the density that was asked for."""

    def __init__(self, density: int) -> None:
        self._target = onsets_for(density)
        self._onsets = PRIOR_BLOCKS * self._target
        self._blocks = PRIOR_BLOCKS

    def follow(self, row: Iterable[Block | None]) -> None:
        """Updates the count with a bar that is complete."""
        for block in row:
            if block is not None:
                self._onsets += len(block.onsets)
                self._blocks += 1

    @property
    def level(self) -> int:
        """How many notes are missing, in steps of a tenth on a logarithmic scale; below 0 if there are too many."""
        missing = log(self._target * self._blocks / self._onsets)
        return max(-LEVELS, min(LEVELS, round(missing / LEVEL)))


@lru_cache(maxsize=8192)
def gap_leaning(level: int, position: int, bar: int) -> Leaning | None:
    """Float [HEADS]: towards the next stroke being near (level above 0) or far; None for a song that is on target.

    Args:
        level: of the busyness.
        position: of the last stroke in grid steps; below 0 before the first.
        bar: its length in grid steps, which is where a player who leaves is said to go on.
    """
    if level == 0:
        return None
    places = np.full(HEADS, bar, np.float32)
    places[POSITION:] = np.arange(HEADS - POSITION)
    gaps = np.maximum(0.0, places - max(0, position)) / QUARTER
    leaning: Leaning = (-BUSY_WEIGHT * LEVEL * level * gaps).astype(np.float32)
    return leaning
