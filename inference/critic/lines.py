"""A track as arrays on the grid, and its bars by number: equal bars have equal numbers."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inference.music.program import Role
from inference.music.score import Score
from inference.music.units import TICKS_PER_GRID

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """What one player plays in `bars` bars of `bar_grids` grid steps.

    Notes are in order of time, then pitch. All arrays are int64 [N]; `at` and `length` in grid steps.
    """

    role: Role
    bars: int
    bar_grids: int
    at: Numbers
    pitch: Numbers
    length: Numbers
    velocity: Numbers

    @property
    def is_drum(self) -> bool:
        return self.role is Role.DRUMS

    @cached_property
    def onsets(self) -> Numbers:
        """Different places, ascending."""
        return np.unique(self.at)

    @cached_property
    def lowest(self) -> Numbers:
        """The lowest pitch at each of `onsets`."""
        return self.pitch[np.searchsorted(self.at, self.onsets)]

    @cached_property
    def onsets_a_bar(self) -> Numbers:
        """Int [bars]."""
        return np.bincount(self.onsets // self.bar_grids, minlength=self.bars)[: self.bars]

    @cached_property
    def bar_numbers(self) -> Numbers:
        """Int [bars]: which of the line's different bars each is, 0 for a rest."""
        return self._numbered(self.at % self.bar_grids * 128 + self.pitch, self.at // self.bar_grids)

    @cached_property
    def rhythm_numbers(self) -> Numbers:
        """The same by onsets alone."""
        return self._numbered(self.onsets % self.bar_grids, self.onsets // self.bar_grids)

    def _numbered(self, contents: Numbers, bar: Numbers) -> Numbers:
        edges = np.searchsorted(bar, np.arange(self.bars + 1))
        known: dict[bytes, int] = {b"": 0}
        bars = [contents[low:high].tobytes() for low, high in pairwise(edges)]
        return np.array([known.setdefault(content, len(known)) for content in bars], np.int64)


def lines_of(score: Score, roles: tuple[Role, ...], bars: int) -> tuple[Line, ...]:
    """The tracks of a score in one meter, as many bars as are said; `roles` has one entry a track."""
    bar_grids = score.meters[0].meter.ticks // TICKS_PER_GRID
    lines = []
    for track, role in zip(score.tracks, roles, strict=True):
        notes = np.array(
            [(note.tick // TICKS_PER_GRID, note.pitch, note.duration, note.velocity) for note in track.notes], np.int64
        ).reshape(-1, 4)
        notes = notes[notes[:, 0] < bars * bar_grids]
        at, pitch, duration, velocity = notes[np.lexsort((notes[:, 1], notes[:, 0]))].T
        lines.append(Line(role, bars, bar_grids, at, pitch, np.maximum(1, duration // TICKS_PER_GRID), velocity))
    return tuple(lines)
