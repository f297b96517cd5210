"""The bars of a score and the beats in them, in grid units (`GRID_PER_QUARTER` a quarter)."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from inference.music.score import Meter, Score
from inference.music.units import GRID_PER_QUARTER, TICKS_PER_GRID

_DENOMINATORS = frozenset({1, 2, 4, 8, 16})
_MOST_NUMERATOR = 32


@dataclass(frozen=True)
class Bar:
    """One bar from `start`, with the lengths of its beats; both in grid units."""

    start: int
    meter: Meter
    beats: tuple[int, ...]

    @property
    def end(self) -> int:
        return self.start + sum(self.beats)

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """Where beats start, from the start of the bar, and last the bar's length."""
        edges = [0]
        for beat in self.beats:
            edges.append(edges[-1] + beat)
        return tuple(edges)

    def beat_at(self, position: int) -> int:
        """Number of the beat in which `position` (from the start of the bar) lies."""
        return min(len(self.beats), bisect_right(self.edges, position)) - 1


def bars_of(score: Score) -> list[Bar]:
    """Bars up to the last one in which a note starts or sounds, at least one.

    A meter that no musician reads (32 over 64, say) is written as 4/4.
    """
    end = max((note.end for track in score.tracks for note in track.notes), default=0)
    units = -(-end // TICKS_PER_GRID)
    bars: list[Bar] = []
    start = 0
    changes = [(change.tick // TICKS_PER_GRID, _readable(change.meter)) for change in score.meters]
    while not bars or start < units:
        meter = [meter for since, meter in changes if since <= start][-1]
        bars.append(Bar(start, meter, _beats(meter)))
        start = bars[-1].end
    return bars


def _readable(meter: Meter) -> Meter:
    readable = meter.denominator in _DENOMINATORS and 1 <= meter.numerator <= _MOST_NUMERATOR
    return meter if readable else Meter()


def _beats(meter: Meter) -> tuple[int, ...]:
    """Quarters, or dotted quarters in 6/8 and its kin; what is left over is a beat of its own."""
    length = GRID_PER_QUARTER * 4 * meter.numerator // meter.denominator
    compound = meter.denominator == 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    beat = GRID_PER_QUARTER * 3 // 2 if compound else GRID_PER_QUARTER
    whole, rest = divmod(length, beat)
    return (beat,) * whole + ((rest,) if rest else ())
