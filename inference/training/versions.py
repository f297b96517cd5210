"""Finds several versions of one song by the long runs of notes that they share."""

import numpy as np

from inference.originality.ngrams import Keys, Level, Melody
from inference.tokens.arrangement import Arrangement
from inference.tokens.bars import grids_in

_RUN = Level(64, 0)
# Of all runs a quarter is looked at, the same ones in every song.
_SAMPLED = np.uint64(4)
_FEWEST = 8
_MOSTLY = 0.5


def runs_of(arrangement: Arrangement) -> Keys:
    """Sampled keys of the runs of 64 notes that its pitched players play, the same in every key; sorted, distinct."""
    length = grids_in(arrangement.header.meter)
    found = []
    for slot, player in enumerate(arrangement.header.players):
        if player.is_drum:
            continue
        line = [
            (bar * length + position, pitch)
            for bar, row in enumerate(arrangement.rows)
            if (block := row[slot]) is not None
            for position, pitch in sorted(block.lowest.items())
        ]
        if len(line) >= _RUN.notes:
            windows = Melody(*zip(*line, strict=True)).windows(_RUN)
            found.append(windows.keys[windows.counted])
    keys = np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)
    sampled: Keys = keys[keys % _SAMPLED == 0]
    return sampled


class KnownRuns:
    """The runs of the songs kept so far."""

    def __init__(self) -> None:
        self._keys: set[int] = set()

    def has_most_of(self, runs: Keys) -> bool:
        """Whether most of a song's runs are known; a song with few runs is never taken for a version."""
        return len(runs) >= _FEWEST and sum(key in self._keys for key in runs.tolist()) > _MOSTLY * len(runs)

    def add(self, runs: Keys) -> None:
        self._keys.update(runs.tolist())
