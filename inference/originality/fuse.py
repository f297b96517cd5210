"""Approximate sets of 64-bit keys as small tables: binary fuse filters (Graf and Lemire, 2022).

Each key owns three cells, and the three xor to a few bits of its hash. Every key of the set is found; another one
passes for a member with the chance `1 / 2**bits`. It takes 1.13 cells a key, fewer bits than a Bloom filter or sorted
hashes with delta codes, and is read where it lies, without decoding.
"""

from dataclasses import dataclass
from math import floor, log, prod
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from inference.originality.ngrams import Flags, Keys

Table = NDArray[np.unsignedinteger]
Cells = NDArray[np.int64]

_MAX_SEEDS = 100
_MIN_KEYS = 64


class Shape(NamedTuple):
    """Of a table: `segments` + 2 runs of `length` cells; a key has one cell in each of three neighbouring runs."""

    length: int
    segments: int

    @classmethod
    def of(cls, keys: int) -> Self:
        """The smallest table in which `keys` keys can nearly always be arranged."""
        keys = max(keys, _MIN_KEYS)
        length = 1 << min(18, floor(log(keys) / log(3.33) + 2.25))
        cells = round(keys * max(1.125, 0.875 + 0.25 * log(1e6) / log(keys)))
        return cls(length, max(1, -(-cells // length) - 2))

    @property
    def cells(self) -> int:
        return (self.segments + 2) * self.length


class FuseFilter:
    """Tells whether a key is in a set, with few false positives and no false negatives."""

    def __init__(self, table: Table, keys: int, seed: int) -> None:
        """Raises ValueError when the table does not fit so many keys."""
        self._shape = Shape.of(keys)
        if table.shape != (self._shape.cells,) or table.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"{keys} keys do not make a table of {table.dtype} {table.shape}")
        self.table = table
        self.keys = keys
        self.seed = seed

    @classmethod
    def build(cls, keys: Keys, bits: int) -> Self:
        """The same set gives the same table.

        Args:
            keys: the set, without doubles.
            bits: a cell, 8 or 16.

        Raises:
            ValueError: there is a key twice, or `bits` is another number.
        """
        if bits not in (8, 16):
            raise ValueError(f"a cell has 8 or 16 bits, not {bits}")
        shape = Shape.of(len(keys))
        for seed in range(_MAX_SEEDS):
            cells, prints = _places(keys, seed, shape)
            peeled = _peel(cells, shape.cells)
            if sum(len(numbers) for numbers, _ in peeled) == len(keys):
                table: Table = np.zeros(shape.cells, np.uint8 if bits == 8 else np.uint16)
                prints = prints.astype(table.dtype)
                for numbers, own in reversed(peeled):
                    table[own] = prints[numbers] ^ np.bitwise_xor.reduce(table[cells[:, numbers]], axis=0)
                return cls(table, len(keys), seed)
        raise ValueError("the keys cannot be arranged in a table; one of them comes twice")

    @property
    def false_positive_rate(self) -> float:
        """The probability that a key outside the set is reported to be in it."""
        return 0.5 ** (8 * self.table.itemsize) if self.keys else 0.0

    def contains(self, keys: Keys) -> Flags:
        """Bool [N], one answer per key."""
        if not self.keys:
            return np.zeros(len(keys), np.bool_)
        cells, prints = _places(keys, self.seed, self._shape)
        found: Flags = prints.astype(self.table.dtype) == np.bitwise_xor.reduce(self.table[cells], axis=0)
        return found


@dataclass(frozen=True)
class Union:
    """The keys of several filters: a filter cannot take more keys later, so what joins a set is a filter of its own."""

    parts: tuple[FuseFilter, ...]

    @property
    def false_positive_rate(self) -> float:
        """The probability that a key outside all sets is reported to be in one."""
        return 1.0 - prod(1.0 - part.false_positive_rate for part in self.parts)

    def contains(self, keys: Keys) -> Flags:
        """Bool [N], one answer per key."""
        found = np.zeros(len(keys), np.bool_)
        for part in self.parts:
            found |= part.contains(keys)
        return found


def _places(keys: Keys, seed: int, shape: Shape) -> tuple[Cells, Keys]:
    """The three cells [3, N] of each key, and the bits [N] that its cells xor to (the lowest are to be used)."""
    place = _spread(keys + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64))
    rest = _spread(place)
    length, inside = np.uint64(shape.length), np.uint64(shape.length - 1)
    first = (place >> np.uint64(32)) * np.uint64(shape.segments * shape.length) >> np.uint64(32)
    second = first + length ^ rest & inside
    third = first + length + length ^ rest >> np.uint64(20) & inside
    return np.stack((first, second, third)).astype(np.int64), rest >> np.uint64(44)


def _spread(keys: Keys) -> Keys:
    keys = (keys ^ keys >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ keys >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return keys ^ keys >> np.uint64(31)


def _peel(cells: Cells, size: int) -> list[tuple[Cells, Cells]]:
    """Rounds of (key numbers, cells): in its round each key is the only one left in its cell.

    Filled in the opposite order, each key may set its own cell without disturbing those that were filled before.
    """
    crowd = np.bincount(cells.ravel(), minlength=size)
    # The sum of the keys in a cell names the last one when it is alone.
    total = np.zeros(size, np.int64)
    for row in cells:
        np.add.at(total, row, np.arange(cells.shape[1]))
    alone = np.flatnonzero(crowd == 1)
    rounds: list[tuple[Cells, Cells]] = []
    while len(alone):
        numbers, first = np.unique(total[alone], return_index=True)
        rounds.append((numbers, alone[first]))
        touched = cells[:, numbers]
        for row in touched:
            np.subtract.at(crowd, row, 1)
            np.subtract.at(total, row, numbers)
        alone = touched[crowd[touched] == 1]
    return rounds
