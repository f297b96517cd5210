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


def bars_of(score: Score, known: int | None = None) -> list[Bar]:
    """The bars to write, at least one.

    No bar is left out in which a note starts. Bars in which notes only ring on are written if the song has `known`
    bars or more of them; where nobody knows, if the ringing fills half of them. A meter that no musician reads (32 over
    64, say) is written as 4/4.
    """
    notes = [note for track in score.tracks for note in track.notes]
    last = round(max((note.tick for note in notes), default=0) / TICKS_PER_GRID)
    end = -(-max((note.end for note in notes), default=0) // TICKS_PER_GRID)
    changes = [(change.tick // TICKS_PER_GRID, _readable(change.meter)) for change in score.meters]
    following = 0  # of the changes, the first one that has not come yet
    bars: list[Bar] = []
    start = 0
    while True:
        while following < len(changes) and changes[following][0] <= start:
            following += 1
        meter = changes[following - 1][1]
        bar = Bar(start, meter, _beats(meter))
        rings = 2 * (end - start) >= bar.end - start if known is None else end > start and len(bars) < known
        if bars and start > last and not rings:
            return bars
        bars.append(bar)
        start = bar.end


def _readable(meter: Meter) -> Meter:
    readable = meter.denominator in _DENOMINATORS and 1 <= meter.numerator <= _MOST_NUMERATOR
    return meter if readable else Meter()


def is_compound(meter: Meter) -> bool:
    """Whether it is counted in dotted quarters, as 6/8 is."""
    return meter.denominator == 8 and meter.numerator % 3 == 0 and meter.numerator > 3


def tempo_in_words(tempo: float, meter: Meter) -> str:
    """Quarters a minute -> what stands at the head of a sheet: in the beats that are counted there."""
    return f"{tempo / 1.5:.0f} BPM (dotted quarters)" if is_compound(meter) else f"{tempo:.0f} BPM"


def _beats(meter: Meter) -> tuple[int, ...]:
    """Quarters, or dotted quarters in 6/8 and its kin; what is left over is a beat of its own."""
    length = GRID_PER_QUARTER * 4 * meter.numerator // meter.denominator
    beat = GRID_PER_QUARTER * 3 // 2 if is_compound(meter) else GRID_PER_QUARTER
    whole, rest = divmod(length, beat)
    return (beat,) * whole + ((rest,) if rest else ())
