"""What two players play together for eight bars, as 64-bit keys that are the same in every key and whoever else plays.

A *part* is six bars of two players: where in those bars their lowest notes start, and how far each is from its player's
first one. A window of eight bars holds three parts and has the smallest of their keys, so that an index needs half as
many keys; equal windows always have equal keys. The price: windows that share six bars may pass for equal.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.originality.ngrams import NO_KEY, Flags, Keys, Melody, mixed

WINDOW_BARS, PART_BARS = 8, 6
_PARTS = WINDOW_BARS - PART_BARS + 1
# In less than this two songs are alike by chance: one chord a bar, or one note throughout. A symbol is how much later
# and how much higher the next note comes.
_MIN_NOTES, _MIN_SYMBOLS = 9, 4
_MIDDLE = 256  # keeps distances between pitches positive

Numbers = NDArray[np.int64]


class PairWindows(NamedTuple):
    """Of all pairs of P players at every bar of a song in which eight bars begin.

    first, second: int [P (P - 1) / 2], the players of each pair; keys, counted: [P (P - 1) / 2, bars - 7].
    """

    first: Numbers
    second: Numbers
    keys: Keys
    counted: Flags


def pair_windows(melodies: Sequence[Melody], bar_grids: int, bars: int) -> PairWindows:
    """Every window of eight bars; none in shorter songs.

    Args:
        melodies: of the pitched players; onsets are counted from the first bar line.
        bar_grids: grid steps in each bar.
        bars: of the song.
    """
    first, second = np.triu_indices(len(melodies), 1)
    parts = max(0, bars - PART_BARS + 1)
    if parts < _PARTS or not len(first):
        none = np.zeros((len(first), 0), np.uint64)
        return PairWindows(first, second, none, none.astype(np.bool_))
    alone = [_parts(melody, bar_grids, parts) for melody in melodies]
    keys, counted = np.stack([keys for keys, _ in alone]), np.stack([counted for _, counted in alone])
    low, high = np.minimum(keys[first], keys[second]), np.maximum(keys[first], keys[second])
    both = np.where(counted[first] & counted[second], mixed(low, high), NO_KEY)
    least = np.lib.stride_tricks.sliding_window_view(both, _PARTS, axis=1).min(axis=-1)
    return PairWindows(first, second, least, least != NO_KEY)


def _parts(melody: Melody, bar_grids: int, parts: int) -> tuple[Keys, Flags]:
    """One player's key of each part, and whether there is enough in it to count."""
    bar = melody.onsets // bar_grids
    edges = np.searchsorted(bar, np.arange(parts + PART_BARS))
    first, last = edges[:parts], edges[PART_BARS:]
    if not len(melody):
        return np.zeros(parts, np.uint64), np.zeros(parts, np.bool_)
    from_pitch = melody.pitches[np.minimum(first, len(melody) - 1)] - _MIDDLE
    keys = np.zeros(parts, np.uint64)
    for offset in range(PART_BARS):
        start, count = edges[offset : offset + parts], np.diff(edges)[offset : offset + parts]
        ends = np.cumsum(count)
        part = np.repeat(np.arange(parts), count)
        note = np.repeat(start - (ends - count), count) + np.arange(ends[-1])
        place = (melody.onsets[note] - part * bar_grids).astype(np.uint64)
        sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(mixed(place, _above(melody, note, from_pitch[part])))))
        keys += sums[ends] - sums[ends - count]
    symbols = _different_symbols(melody, bar, parts)
    return keys, (last - first >= _MIN_NOTES) & (symbols >= _MIN_SYMBOLS)


def _above(melody: Melody, notes: Numbers, base: Numbers) -> Keys:
    above: Keys = (melody.pitches[notes] - base).astype(np.uint64)
    return above


def _different_symbols(melody: Melody, bar: Numbers, parts: int) -> Numbers:
    """How many different symbols each part holds. One is new to the parts that start after the bar of its last use."""
    before = melody.last_use
    opens = np.where(before < 0, 0, bar[np.maximum(before, 0)] + 1)
    opens = np.maximum(opens, bar[1:] - PART_BARS + 1)
    closes = np.minimum(bar[:-1] + 1, parts)
    held = opens < closes
    steps = np.bincount(opens[held], minlength=parts + 1) - np.bincount(closes[held], minlength=parts + 1)
    different: Numbers = np.cumsum(steps)[:parts]
    return different
