"""Note values, and how a length is written with them: split at beats so that the beat can be seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from inference.music.units import GRID_PER_QUARTER
from inference.render.notation.bars import Bar

_WHOLE = 4 * GRID_PER_QUARTER
_HALF_BEAT = GRID_PER_QUARTER // 2
_SMALLEST = GRID_PER_QUARTER // 8
_SYNCOPATIONS = (GRID_PER_QUARTER, GRID_PER_QUARTER * 3 // 2)


@dataclass(frozen=True, slots=True)
class Value:
    """A note value: 1 whole, 2 half ... 32; `dotted` half as long again, `triplet` three in the time of two."""

    denominator: int
    dotted: bool = False
    triplet: bool = False

    @property
    def units(self) -> int:
        """Length in grid units."""
        plain = _WHOLE // self.denominator
        return plain * 2 // 3 if self.triplet else plain * 3 // 2 if self.dotted else plain

    @property
    def flags(self) -> int:
        """How many flags or beams it carries."""
        return max(0, self.denominator.bit_length() - 3)


@dataclass(frozen=True, slots=True)
class Piece:
    """A value at a place in its bar, in grid units from the bar's start."""

    position: int
    value: Value

    @property
    def end(self) -> int:
        return self.position + self.value.units


@cache
def _values(*, triplet: bool) -> dict[int, Value]:
    """Length in grid units -> value."""
    if triplet:
        return {value.units: value for value in (Value(2**power, triplet=True) for power in range(2, 5))}
    plain = [Value(2**power) for power in range(6)]
    dotted = [Value(2**power, dotted=True) for power in range(5)]
    return {value.units: value for value in (*plain, *dotted)}


def pieces(bar: Bar, start: int, end: int, triplets: frozenset[int], *, rest: bool = False) -> Iterator[Piece]:
    """The values that fill `start`..`end` (from the start of `bar`), to be tied when it is a note.

    Args:
        bar: it lies in one bar.
        start: in grid units.
        end: in grid units, after start.
        triplets: the beats that are divided by three.
        rest: rests never cross a beat, notes may where readers expect it.
    """
    while start < end:
        length = _next_length(bar, start, end, triplets, rest=rest)
        if length is None:
            stop = min(end, bar.edges[bar.beat_at(start) + 1])
            yield from _inside_beat(bar, start, stop, triplets)
            start = stop
        else:
            yield Piece(start, _values(triplet=False)[length])
            start += length


def _next_length(bar: Bar, start: int, end: int, triplets: frozenset[int], *, rest: bool) -> int | None:
    """The longest single value from `start` that readers accept there; None where it must be split inside the beat."""
    if start in bar.edges:
        whole = [edge - start for edge in bar.edges if start < edge <= end and edge - start in _values(triplet=False)]
        if whole and not (rest and whole[-1] > bar.beats[0] and start % (2 * bar.beats[0])):
            longest = whole[-1]
        else:
            longest = whole[0] if whole else 0
        dotted = _SYNCOPATIONS[1]
        if not rest and end - start == dotted and longest < dotted and _is_plain(bar, start, end, triplets):
            return dotted
        return longest or None
    off_beat = (start - bar.edges[bar.beat_at(start)]) == _HALF_BEAT
    if not rest and off_beat and end - start in _SYNCOPATIONS and _is_plain(bar, start, end, triplets):
        return end - start
    return None


def _is_plain(bar: Bar, start: int, end: int, triplets: frozenset[int]) -> bool:
    """Whether the span lies in undivided quarters."""
    touched = range(bar.beat_at(start), bar.beat_at(end - 1) + 1)
    return all(beat not in triplets and bar.beats[beat] == GRID_PER_QUARTER for beat in touched)


def _inside_beat(bar: Bar, start: int, end: int, triplets: frozenset[int]) -> Iterator[Piece]:
    beat = bar.beat_at(start)
    origin = bar.edges[beat]
    values = _values(triplet=beat in triplets)
    while start < end:
        fitting = [units for units in values if units <= end - start and _is_aligned(start - origin, units)]
        units = max(fitting, default=min(values))
        yield Piece(start, values[units])
        start += units


def _is_aligned(position: int, units: int) -> bool:
    """Whether a value may start there in a beat: sixteenths on sixteenths, dotted eighths on eighths or after one."""
    dotted = units % 9 == 0
    base = units * 2 // 3 if dotted else units
    return position % max(_SMALLEST, base // 2) == 0 or units <= 4
