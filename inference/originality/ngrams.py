"""A melody as overlapping windows of notes, each with a 64-bit key that is the same in every key and at every time.

A melody is the lowest pitch of each onset of one track. Between two neighbouring notes stands a *symbol*: how many
grid steps later and how many semitones higher the next one comes. Equal symbols are an equal tune, transposed or not.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]

NO_KEY = np.uint64(2**64 - 1)


class Level(NamedTuple):
    """Windows of `notes` notes, which count when they have `symbols` different symbols.

    Fewer symbols are a tremolo, an even scale or a chug on one string, which nobody owns. A window's key is the
    smallest hash of the shorter windows in it, those of `notes - slack` notes (winnowing: Schleimer, Wilkerson and
    Aiken 2003). Neighbours mostly share a key, so an index needs fewer of them, yet equal windows always have equal
    keys. The price: windows that share `notes - slack` notes may pass for equal.
    """

    notes: int
    slack: int
    symbols: int = 4


# With six symbols 3 % of real songs share a run of 64 notes with strangers' songs, with four 15 %: nearly all of the
# difference is one repeated note with a leap now and then. Of the windows with four, 91 % have six.
LEVELS = (Level(16, 2), Level(32, 6), Level(64, 6, 6))


class Windows(NamedTuple):
    """Of one melody and level: a key for every start, and whether the window has enough symbols to count."""

    keys: Keys
    counted: Flags


class Melody:
    """A track's lowest notes. `onsets` [N] ascending in grid steps, `pitches` [N] 0..127."""

    def __init__(self, onsets: ArrayLike, pitches: ArrayLike) -> None:
        self.onsets = np.asarray(onsets, np.int64)
        self.pitches = np.asarray(pitches, np.int64)
        self._symbols = (np.diff(self.onsets) * 256 + np.diff(self.pitches) + 128).astype(np.uint64)

    def __len__(self) -> int:
        return len(self.onsets)

    def windows(self, level: Level) -> Windows:
        """One window a start; none when the melody is shorter than the window."""
        whole, counted = self.hashes(level.notes), self._counted(level.notes, level.symbols)
        count = len(whole)
        if not level.slack or not count:
            return Windows(whole, counted)
        notes = level.notes - level.slack
        # A tremolo may fill a part of a window; as its key it would make strangers alike.
        parts = np.where(self._counted(notes, level.symbols), self.hashes(notes), NO_KEY)
        keys = parts[:count].copy()
        for start in range(1, level.slack + 1):
            np.minimum(keys, parts[start : start + count], out=keys)
        return Windows(np.where(keys == NO_KEY, whole, keys), counted)

    @cached_property
    def _doublings(self) -> list[Keys]:
        """Hashes of 1, 2, 4 ... symbols from every start that has so many."""
        hashes = [mixed(self._symbols, self._symbols)]
        while (reach := 1 << (len(hashes) - 1)) < len(hashes[-1]):
            hashes.append(mixed(hashes[-1][:-reach], hashes[-1][reach:]))
        return hashes

    def hashes(self, notes: int) -> Keys:
        """One a start; a window's hash is mixed from the two largest powers of two that cover it, overlapping."""
        symbols = notes - 1
        count = max(0, len(self._symbols) - symbols + 1)
        if not count:
            return np.zeros(0, np.uint64)
        power = symbols.bit_length() - 1
        part, shift = self._doublings[power], symbols - (1 << power)
        return mixed(part[:count], part[shift : shift + count])

    def _counted(self, notes: int, least: int) -> Flags:
        """Windows with `least` different symbols. A symbol is new to those that start after its last use."""
        symbols, total = notes - 1, len(self._symbols)
        count = max(0, total - symbols + 1)
        ends = np.arange(total)
        opens = np.maximum(self.last_use + 1, np.maximum(ends - symbols + 1, 0))
        steps = np.bincount(opens, minlength=total + 1)
        steps[1:] -= 1
        different: Flags = np.cumsum(steps)[:count] >= least
        return different

    @cached_property
    def last_use(self) -> NDArray[np.int64]:
        """For each symbol, int [N - 1], the number of its last use before, -1 at its first."""
        order = np.argsort(self._symbols, kind="stable")
        same = self._symbols[order[1:]] == self._symbols[order[:-1]]
        before = np.full(len(order), -1, np.int64)
        before[order[1:][same]] = order[:-1][same]
        return before


def mixed(first: Keys, second: Keys) -> Keys:
    """One well-spread hash of two; the order matters. Keys of saved indexes depend on these constants."""
    mixed = first * np.uint64(0x9E3779B97F4A7C15) ^ (second * np.uint64(0xC2B2AE3D27D4EB4F) + np.uint64(0x165667B1))
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return mixed
