"""Structure metrics: how much the bars of a song resemble each other."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inference.music.score import Score
from inference.music.units import PPQ

Floats = NDArray[np.float64]
BarNotes = frozenset[tuple[int, int, int, int]]

_GROOVE_STEP = PPQ // 12


def groove_consistency(score: Score, bars: int) -> float:
    """Percent of 48 steps a 4/4 bar at which neighbouring bars agree on whether anything starts there.

    Wu and Yang (2020) as muspy defines it, at 12 steps a quarter; drums count too. NaN below two bars.
    """
    if bars < 2:
        return float("nan")
    steps = score.meters[0].meter.ticks // _GROOVE_STEP
    onsets = np.zeros(bars * steps, np.bool_)
    for track in score.tracks:
        for note in track.notes:
            onsets[min(round(note.tick / _GROOVE_STEP), len(onsets) - 1)] = True
    pattern = onsets.reshape(bars, steps)
    return 100 * float((pattern[1:] == pattern[:-1]).mean())


def bars_of(score: Score, bars: int) -> list[BarNotes]:
    """For each bar its notes as (track, onset in the bar, pitch, duration), in ticks."""
    length = score.meters[0].meter.ticks
    found: list[set[tuple[int, int, int, int]]] = [set() for _ in range(bars)]
    for index, track in enumerate(score.tracks):
        for note in track.notes:
            bar, onset = divmod(note.tick, length)
            if bar < bars:
                found[bar].add((index, onset, note.pitch, note.duration))
    return [frozenset(notes) for notes in found]


def similarity(bars: Sequence[BarNotes], distance: int) -> float:
    """L_t of Museformer (Yu et al., 2022, equation 5): shared notes over all notes of bars `distance` apart, mean.

    Pairs of two empty bars do not count; NaN when no pair does.
    """
    pairs = [(left, right) for left, right in zip(bars, bars[distance:], strict=False) if left or right]
    return float(np.mean([len(left & right) / len(left | right) for left, right in pairs])) if pairs else float("nan")


def similarity_curve(bars: Sequence[BarNotes]) -> Floats:
    """L_t for t = 1 .. bars - 1."""
    return np.array([similarity(bars, distance) for distance in range(1, len(bars))])


def structure_error(left: Floats, right: Floats) -> float:
    """Museformer's SE (equation 6), percent: mean over t of the difference of two sets' mean L_t.

    Args:
        left: float [songs, T], `similarity_curve` of each; NaN where it is undefined.
        right: the same of the other set, of any size.
    """
    means = [np.ma.masked_invalid(curves).mean(axis=0) for curves in (left, right)]
    return 100 * float(np.abs(means[0] - means[1]).mean())


def longest_run(bars: Sequence[BarNotes]) -> int:
    """The most bars in a row that are all alike; a song without repeats has 1."""
    longest = run = 1
    for before, bar in pairwise(bars):
        run = run + 1 if bar == before else 1
        longest = max(longest, run)
    return longest
