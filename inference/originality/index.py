"""The index of originality: hashes of the note and bar windows of the training songs, without their notes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from inference.originality.errors import BadIndex
from inference.originality.fuse import FuseFilter
from inference.originality.ngrams import LEVELS, Keys, Melody
from inference.originality.together import pair_windows

# A wrong yes at 16 notes is one window among thousands; at 64, or of bars, it has a part of a song written anew.
_BITS = (8, 8, 16)
_PAIR_BITS = 16
_FORMAT = "lnh-originality-2"
_ENTRY = "lnh"
_NAMES = (*(f"notes-{level.notes}" for level in LEVELS), "pairs")


@dataclass(frozen=True)
class OriginalityIndex:
    """One filter per level, in the order of LEVELS, one for pairs of players, and the number of songs indexed."""

    filters: tuple[FuseFilter, ...]
    pairs: FuseFilter
    songs: int

    @classmethod
    def of(cls, keys: Sequence[Keys], pairs: Keys, songs: int) -> Self:
        """From the distinct keys of each level and of all pairs."""
        filters = tuple(FuseFilter.build(some, bits) for some, bits in zip(keys, _BITS, strict=True))
        return cls(filters, FuseFilter.build(pairs, _PAIR_BITS), songs)

    def save(self, path: Path) -> None:
        """Raises OSError."""
        kept = dict(zip(_NAMES, (*self.filters, self.pairs), strict=True))
        tables = {name: one.table for name, one in kept.items()}
        filters = {name: {"keys": one.keys, "seed": one.seed} for name, one in kept.items()}
        entry = {"format": _FORMAT, "levels": LEVELS, "filters": filters, "songs": self.songs}
        path.parent.mkdir(parents=True, exist_ok=True)
        # save_file would keep the file from other users, such as the one a service runs as.
        path.write_bytes(save(tables, {_ENTRY: json.dumps(entry)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            BadIndex: the file is missing, damaged, or of another format.
        """
        try:
            with safe_open(path, framework="np") as file:
                entry = json.loads((file.metadata() or {}).get(_ENTRY, "{}"))
                if entry.get("format") != _FORMAT or entry["levels"] != [list(level) for level in LEVELS]:
                    raise BadIndex(f"{path} is not an index of originality of this version of LnH ({_FORMAT})")
                *filters, pairs = (
                    FuseFilter(file.get_tensor(name), int(kept["keys"]), int(kept["seed"]))
                    for name, kept in ((name, entry["filters"][name]) for name in _NAMES)
                )
                return cls(tuple(filters), pairs, int(entry["songs"]))
        except FileNotFoundError as error:
            raise BadIndex(f"there is no index of originality at {path}") from error
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadIndex(f"the index of originality {path} is damaged: {error}") from error


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
