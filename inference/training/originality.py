"""Banks -> the index of originality: the melodies of every training song."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.originality.index import OriginalityIndex, distinct_keys, distinct_pair_keys
from inference.originality.ngrams import LEVELS, Keys, Melody
from inference.tokens.bars import grids_in
from inference.tokens.vocabulary import DRUM_SET, PITCH, POSITION
from inference.training.bank import Bank
from inference.training.files import written_whole
from inference.training.start import load_bank
from inference.training.trouble import CannotTrain

MAX_BYTES = 25_000_000
_SONGS_A_LINE = 1000


def make_index(banks: Sequence[Path], out: Path, tell: Callable[[str], None]) -> OriginalityIndex:
    """Indexes the training songs of some banks and saves the index; minutes for ten thousand songs.

    Args:
        banks: files that `lnh bank` made.
        out: where the index goes.
        tell: takes lines on how far it is and how large the index became.

    Raises:
        CannotTrain: a bank cannot be read, or none holds a training song.
        OSError: the index cannot be written.
    """
    index = index_of([load_bank(file) for file in banks], tell)
    with written_whole(out) as partial:
        index.save(partial)
    size = out.stat().st_size
    tell(f"{index.songs} songs, {size / 1e6:.1f} MB")
    if size > MAX_BYTES:
        tell(f"this is more than the {MAX_BYTES / 1e6:.0f} MB meant to go with a checkpoint")
    return index


def index_of(banks: Sequence[Bank], tell: Callable[[str], None]) -> OriginalityIndex:
    """Raises CannotTrain when there is no training song."""
    kept: list[list[Keys]] = [[] for _ in LEVELS]
    pairs: list[Keys] = []
    songs = 0
    for bank in banks:
        for song, melodies in training_melodies(bank):
            songs += 1
            for store, keys in zip(kept, distinct_keys(melodies), strict=True):
                store.append(keys)
            pairs.append(distinct_pair_keys(melodies, grids_in(bank.meter(song)), bank.bar_count(song)))
            if songs % _SONGS_A_LINE == 0:
                tell(f"{songs} songs read")
    if not songs:
        raise CannotTrain("the banks hold no song to train on")
    return OriginalityIndex.of(
        [np.unique(np.concatenate(store)) for store in kept], np.unique(np.concatenate(pairs)), songs
    )


def training_melodies(bank: Bank, split: str = "train") -> Iterator[tuple[int, list[Melody]]]:
    """Each song of a split and the melodies of its pitched players."""
    blocks = _LowestNotes(bank)
    for song in bank.by_split[split].tolist():
        length = grids_in(bank.meter(song))
        yield song, [melody for column in bank.block_numbers(song).T if len(melody := blocks.melody(column, length))]


class _LowestNotes:
    """The lowest note at each position of every pitched block of a bank; drum blocks have none."""

    def __init__(self, bank: Bank) -> None:
        block = np.repeat(np.arange(len(bank.blocks) - 1), np.diff(bank.blocks))
        position, value = bank.hits[:, 0].astype(np.int64), bank.hits[:, 1].astype(np.int64)
        # A block's hits are in order of position, then pitch.
        is_lowest = np.ones(len(block), np.bool_)
        is_lowest[1:] = (position[1:] != position[:-1]) | (block[1:] != block[:-1])
        is_lowest &= value < DRUM_SET
        self._positions: NDArray[np.int64] = position[is_lowest] - POSITION
        self._pitches: NDArray[np.int64] = value[is_lowest] - PITCH
        self._offsets = np.searchsorted(block[is_lowest], np.arange(len(bank.blocks)))

    def melody(self, column: NDArray[np.int32], bar_grids: int) -> Melody:
        """Of one player: the block numbers of its bars as a bank keeps them, 0 for a rest."""
        bars = np.flatnonzero(column)
        blocks = column[bars] - 1
        first, counts = self._offsets[blocks], self._offsets[blocks + 1] - self._offsets[blocks]
        ends = np.cumsum(counts)
        notes = np.repeat(first - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)
        return Melody(np.repeat(bars * bar_grids, counts) + self._positions[notes], self._pitches[notes])
