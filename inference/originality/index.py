"""The index: which windows of notes stand in the training songs, without the notes themselves."""

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
from inference.originality.ngrams import LEVELS, Keys, Level, Melody

# A wrong yes at 16 notes is one window among thousands; at 64 it would cost a song its release.
_BITS = (8, 8, 16)
_FORMAT = "lnh-originality-1"
_ENTRY = "lnh"


@dataclass(frozen=True)
class OriginalityIndex:
    """One filter a level, in the order of LEVELS, from so many songs."""

    filters: tuple[FuseFilter, ...]
    songs: int

    @classmethod
    def of(cls, keys: Sequence[Keys], songs: int) -> Self:
        """From the distinct keys of each level."""
        return cls(tuple(FuseFilter.build(some, bits) for some, bits in zip(keys, _BITS, strict=True)), songs)

    def save(self, path: Path) -> None:
        """Raises OSError."""
        tables = {_name(level): kept.table for level, kept in zip(LEVELS, self.filters, strict=True)}
        filters = [{"keys": kept.keys, "seed": kept.seed} for kept in self.filters]
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
                filters = tuple(
                    FuseFilter(file.get_tensor(_name(level)), int(kept["keys"]), int(kept["seed"]))
                    for level, kept in zip(LEVELS, entry["filters"], strict=True)
                )
                return cls(filters, int(entry["songs"]))
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


def _name(level: Level) -> str:
    return f"notes-{level.notes}"
