"""Finds the bars of a score and its main meter."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from inference.music.errors import BadMidi
from inference.music.score import Meter, Score
from inference.music.spec import METERS as SPOKEN
from inference.music.units import TICKS_PER_GRID

# Meters whose bars the band code can hold, at most 96 grid steps long.
METERS = tuple(Meter(*numbers) for numbers in ((4, 4), (3, 4), (2, 4), (6, 8), (7, 8), (5, 8), (3, 8)))


def grids_in(meter: Meter) -> int:
    """Grid steps in a bar."""
    return meter.ticks // TICKS_PER_GRID


def written_as(meter: Meter) -> Meter | None:
    """The meter of METERS in which bars of `meter` are encoded; None if there is none.

    A bar that is too long is written as two (12/8 as 6/8 and 6/8); beats of another length are counted as quarters
    (2/2 as 4/4).
    """
    numerator, denominator = meter.numerator, meter.denominator
    while Meter(numerator, denominator).ticks > METERS[0].ticks and numerator % 2 == 0:
        numerator //= 2
    for known in METERS:
        if (numerator, denominator) == (known.numerator, known.denominator):
            return known
    plain = numerator & (numerator - 1) == 0
    ticks = Meter(numerator, denominator).ticks
    return next((known for known in METERS if plain and known.denominator == 4 and known.ticks == ticks), None)


def main_meter(score: Score) -> Meter:
    """The longest-lasting of the score's meters, as it is written.

    Raises:
        BadMidi: it has none of METERS.
    """
    lasting: Counter[Meter] = Counter()
    for meter, first, last in _stretches(score):
        if (known := written_as(meter)) is not None:
            lasting[known] += last - first
    if not lasting:
        raise BadMidi(f"this MIDI file has no bar in a meter I can read: {', '.join(map(str, METERS))}")
    return lasting.most_common(1)[0][0]


def spelled_meter(score: Score, meter: Meter) -> Meter:
    """How the score writes its bars of `meter` for the most part, if the band says it so too (2/2 for 4/4)."""
    lasting: Counter[Meter] = Counter()
    for other, first, last in _stretches(score):
        if other in SPOKEN and written_as(other) == meter and other.ticks == meter.ticks:
            lasting[other] += last - first
    return lasting.most_common(1)[0][0] if lasting else meter


def bar_starts(score: Score, meter: Meter) -> list[int]:
    """Starts in grid steps, ascending, of the bars as long as `meter`'s; bars of other lengths are left out."""
    starts: set[int] = set()
    for other, first, last in _stretches(score):
        known = written_as(other)
        if known is not None and known.ticks == meter.ticks:
            starts.update(range(round(first / TICKS_PER_GRID), round(last / TICKS_PER_GRID), grids_in(meter)))
    return sorted(starts)


def bar_of(tick: int, starts: Sequence[int], meter: Meter) -> int | None:
    """The number of the bar, of those that begin at `starts` (grid steps), in which a note is played; None for none."""
    at = round(tick / TICKS_PER_GRID)
    bar = bisect_right(starts, at) - 1
    return bar if bar >= 0 and at - starts[bar] < grids_in(meter) else None


def _stretches(score: Score) -> Iterator[tuple[Meter, int, int]]:
    """Each meter with the first and last tick it holds for, up to the end of the music."""
    # A short note on the last bar line is music of that bar.
    end_tick = score.end_tick + TICKS_PER_GRID if score.end_tick else 0
    ends = [min(change.tick, end_tick) for change in score.meters[1:]] + [end_tick]
    for change, end in zip(score.meters, ends, strict=True):
        if end > change.tick:
            yield change.meter, change.tick, end
