"""Where ticks stand in the sound: bars of one length have one number of samples, so that equal bars are equal samples.

The fractions of a sample that are lost add up to 3 ms at most, then the count starts again from the true time.
"""

import math

import numpy as np
from numpy.typing import NDArray

from inference.music.score import Score
from inference.music.units import seconds_per_tick

Ticks = NDArray[np.int64]
_MOST_DRIFT = 144.0  # samples
_TIE = 1e-6  # a place half-way between two samples goes the same way in every bar


class Timeline:
    """Ticks of one score -> samples at `rate`. `length` samples hold the whole score and `ring_s` seconds."""

    def __init__(self, score: Score, rate: int, ring_s: float = 0.0) -> None:
        self._rate = rate
        self._changes = np.array([change.tick for change in score.tempos], dtype=np.int64)
        self._tick_s = np.array([seconds_per_tick(change.tempo) for change in score.tempos])
        lengths = np.diff(self._changes) * self._tick_s[:-1]
        self._change_s = np.concatenate(([0.0], np.cumsum(lengths)))
        self.bars: Ticks = np.array(_bar_starts(score), dtype=np.int64)
        self.bar_samples: Ticks = _whole_bars(self._seconds(self.bars) * rate)
        end = self.samples(np.array([score.end_tick], dtype=np.int64))[0]
        self.length = int(end) + math.ceil(ring_s * rate)

    def samples(self, ticks: Ticks) -> Ticks:
        """Sample of each tick."""
        bar = np.searchsorted(self.bars, ticks, side="right") - 1
        inside = self._seconds(ticks) - self._seconds(self.bars[bar])
        return self.bar_samples[bar] + _rounded(inside * self._rate)

    def within_bar(self, ticks: Ticks) -> Ticks:
        """Ticks since the start of the bar."""
        return ticks - self.bars[np.searchsorted(self.bars, ticks, side="right") - 1]

    def seconds_between(self, starts: Ticks, ends: Ticks) -> NDArray[np.float64]:
        return self._seconds(ends) - self._seconds(starts)

    def _seconds(self, ticks: Ticks) -> NDArray[np.float64]:
        change = np.maximum(np.searchsorted(self._changes, ticks, side="right") - 1, 0)
        return np.asarray(self._change_s[change] + (ticks - self._changes[change]) * self._tick_s[change])


def _rounded(samples: NDArray[np.float64]) -> Ticks:
    return np.floor(samples + 0.5 + _TIE).astype(np.int64)


def _whole_bars(ideal: NDArray[np.float64]) -> Ticks:
    """Bar starts in samples -> whole ones, as far apart as the rounded length of the bar before says."""
    starts, at = [], 0
    for index, place in enumerate(ideal.tolist()):
        if index and abs(at - place) > _MOST_DRIFT:
            at = round(place)
        starts.append(at)
        following = ideal[index + 1] if index + 1 < len(ideal) else place
        at += math.floor(following - place + 0.5 + _TIE)
    return np.array(starts, dtype=np.int64)


def _bar_starts(score: Score) -> list[int]:
    """Ticks of every bar line up to the last note's start; a change of meter starts a bar."""
    end = max((note.tick for track in score.tracks for note in track.notes), default=0)
    starts: list[int] = []
    changes = [(change.tick, change.meter.ticks) for change in score.meters]
    for (tick, length), (until, _) in zip(changes, [*changes[1:], (end + 1, 0)], strict=True):
        starts += range(tick, max(tick + 1, min(until, end + 1)), length)
    return starts
