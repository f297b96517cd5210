"""Which windows of notes stand in the training songs: exactly, by reading them all."""

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from inference.music.score import Score
from inference.originality.lookup import melody_of
from inference.originality.ngrams import Keys, Level, Melody
from inference.training.bank import Bank
from inference.training.originality import training_melodies

LEVELS = tuple(Level(notes, 0) for notes in (8, 16, 32, 64, 96))
_SIEVE_BITS = 22


class KnownWindows:
    """Those windows of some songs that stand in training."""

    def __init__(self, keys: Sequence[Keys]) -> None:
        """Takes the found keys of each level, in the order of LEVELS, sorted and distinct."""
        self._keys = tuple(keys)

    @classmethod
    def among(cls, songs: Iterable[Score], banks: Sequence[Bank]) -> Self:
        """Looks for the windows of `songs` in the training songs of `banks`; half a minute for ten thousand."""
        wanted = [np.unique(np.concatenate(keys)) for keys in zip(*(_keys_of(song) for song in songs), strict=True)]
        sieves = [_Sieve(keys) for keys in wanted]
        for bank in banks:
            for _, melodies in training_melodies(bank):
                for melody in melodies:
                    for level, sieve in zip(LEVELS, sieves, strict=True):
                        sieve.see(melody.hashes(level.notes))
        return cls([sieve.seen for sieve in sieves])

    def count(self, song: Score, level: Level) -> tuple[int, int]:
        """Windows of one of LEVELS found in training, and all that count; those of few symbols do not."""
        keys = _counted(song, level)
        return int(np.isin(keys, self._keys[LEVELS.index(level)]).sum()), len(keys)


class _Sieve:
    """Marks wanted keys. A table of their lowest bits keeps most others from being looked for."""

    def __init__(self, wanted: Keys) -> None:
        self._wanted = wanted
        self._is_seen = np.zeros(len(wanted), np.bool_)
        self._table = np.zeros(1 << _SIEVE_BITS, np.bool_)
        self._table[self._lowest(wanted)] = True

    @property
    def seen(self) -> Keys:
        return self._wanted[self._is_seen]

    def see(self, keys: Keys) -> None:
        likely = keys[self._table[self._lowest(keys)]]
        if len(likely):
            places = np.minimum(np.searchsorted(self._wanted, likely), len(self._wanted) - 1)
            self._is_seen[places[self._wanted[places] == likely]] = True

    @staticmethod
    def _lowest(keys: Keys) -> Keys:
        lowest: Keys = keys & np.uint64((1 << _SIEVE_BITS) - 1)
        return lowest


def _keys_of(song: Score) -> list[Keys]:
    return [_counted(song, level) for level in LEVELS]


def _counted(song: Score, level: Level) -> Keys:
    """Of every pitched track; a window that comes twice counts twice."""
    melodies: list[Melody] = [melody_of(track) for track in song.tracks if not track.is_drum and track.notes]
    windows = [melody.windows(level) for melody in melodies]
    return np.concatenate([np.zeros(0, np.uint64), *(some.keys[some.counted] for some in windows)])
