"""The index of originality: hashes of the note and bar windows of the training songs, without their notes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Self

import numpy as np

from inference.model.tensor_file import Kind, opened, write_arrays
from inference.originality.errors import BadIndex
from inference.originality.fuse import FuseFilter, Union
from inference.originality.ngrams import LEVELS, Keys, Melody
from inference.originality.together import pair_windows

# A wrong yes at 16 notes is one window among thousands; at 64, or of bars, it has a part of a song written anew.
_BITS = (8, 8, 16)
_PAIR_BITS = 16
_KIND = Kind("an index of originality", "lnh-originality-2", BadIndex)
_NAMES = (*(f"notes-{level.notes}" for level in LEVELS), "pairs")


@dataclass(frozen=True)
class OriginalityIndex:
    """The keys of each level, in the order of LEVELS, those of pairs of players, and the number of songs indexed."""

    levels: tuple[Union, ...]
    pairs: Union
    songs: int

    @classmethod
    def of(cls, keys: Sequence[Keys], pairs: Keys, songs: int) -> Self:
        """From the distinct keys of each level and of all pairs."""
        levels = tuple(Union((FuseFilter.build(some, bits),)) for some, bits in zip(keys, _BITS, strict=True))
        return cls(levels, Union((FuseFilter.build(pairs, _PAIR_BITS),)), songs)

    def joined(self, other: Self) -> Self:
        """The songs of both."""
        both = zip((*self.levels, self.pairs), (*other.levels, other.pairs), strict=True)
        *levels, pairs = (Union(one.parts + more.parts) for one, more in both)
        return type(self)(tuple(levels), pairs, self.songs + other.songs)

    def save(self, path: Path) -> None:
        """Raises OSError."""
        kept = {
            _part_name(name, number): part
            for name, union in zip(_NAMES, (*self.levels, self.pairs), strict=True)
            for number, part in enumerate(union.parts)
        }
        tables = {name: one.table for name, one in kept.items()}
        filters = {name: {"keys": one.keys, "seed": one.seed} for name, one in kept.items()}
        write_arrays(path, _KIND, tables, {"levels": LEVELS, "filters": filters, "songs": self.songs})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            BadIndex: the file is missing, damaged, or of another format.
        """
        with opened(path, _KIND) as (entry, file):
            if entry["levels"] != [list(level) for level in LEVELS]:
                raise BadIndex(f"{path} is an index of originality that looks for other windows")
            kept = entry["filters"]
            *levels, pairs = (
                Union(
                    tuple(
                        FuseFilter(file.get_tensor(part), int(kept[part]["keys"]), int(kept[part]["seed"]))
                        for part in _part_names(name, kept)
                    )
                )
                for name in _NAMES
            )
            return cls(tuple(levels), pairs, int(entry["songs"]))


def _part_name(name: str, number: int) -> str:
    return f"{name}.{number}" if number else name


def _part_names(name: str, kept: Collection[str]) -> Iterator[str]:
    """Those of a union that are there; the first must be."""
    yield name
    yield from takewhile(kept.__contains__, (_part_name(name, number) for number in count(1)))


def distinct_keys(melodies: Iterable[Melody]) -> list[Keys]:
    """A song's keys of each level, sorted: those of all windows that count."""
    windows = [[melody.windows(level) for level in LEVELS] for melody in melodies]
    none = np.zeros(0, np.uint64)
    return [
        np.unique(np.concatenate([none, *(per_level[number].keys[per_level[number].counted] for per_level in windows)]))
        for number in range(len(LEVELS))
    ]


def distinct_pair_keys(melodies: Sequence[Melody], bar_grids: int, bars: int) -> Keys:
    """A song's keys of what two players play together, sorted; see `pair_windows` for the arguments."""
    windows = pair_windows(melodies, bar_grids, bars)
    return np.unique(windows.keys[windows.counted])
