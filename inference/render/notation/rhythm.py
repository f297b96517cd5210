"""Played notes -> chords at places that can be written."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from inference.music.score import Note
from inference.music.units import GRID_PER_QUARTER, TICKS_PER_GRID
from inference.render.notation.bars import Bar

# How a beat may be divided: the step in grid units, and how much timing error (in grid units) it must save to be worth
# its trouble for the reader.
_PRICE_OF_STEP = {12: 0.0, 6: 0.5, 8: 1.0, 3: 2.0, 4: 2.5}
_TRIPLET_STEPS = frozenset({8, 4})
_SIXTEENTH = 6
_BREATH = 3


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes that start together at `start` of a bar (grid units from its start) and are written until `end`.

    `held` says that it goes on in the next bar, `begun` that it comes from the bar before, `rings` that it sounds on
    when the last bar is over.
    """

    start: int
    end: int
    notes: tuple[Note, ...]
    begun: bool = False
    held: bool = False
    rings: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One voice in one bar: chords in order, and the beats that are divided by three."""

    bar: Bar
    chords: tuple[Chord, ...]
    triplets: frozenset[int]


def write_lines(notes: Sequence[Note], bars: Sequence[Bar], *, hits: bool = False) -> list[Line]:
    """One voice, a line a bar: what starts together is a chord, and a chord lasts until the next one at most.

    Args:
        notes: of one staff.
        bars: of the whole score.
        hits: they are drum strokes, whose written length is the room they have within the beat.
    """
    grid = _Grid(bars)
    onsets = grid.snap(notes)
    starts = sorted(onsets)
    cut: dict[int, list[Chord]] = defaultdict(list)
    for start, following in zip(starts, (*starts[1:], bars[-1].end), strict=False):
        end = min(following, grid.beat_end(start)) if hits else grid.written_end(onsets[start], start, following)
        over = max(note.end for note in onsets[start]) / TICKS_PER_GRID - bars[-1].end
        rings = not hits and end == bars[-1].end and over >= _BREATH
        _lay(cut, grid, Chord(start, end, tuple(onsets[start]), rings=rings))
    return [Line(bar, tuple(cut[index]), grid.triplets(index)) for index, bar in enumerate(bars)]


class _Grid:
    """The bars of a piece and how each beat is divided. Times are grid units from the start of the piece."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = bars
        self._starts = [bar.start for bar in bars]
        self._steps: dict[tuple[int, int], int] = {}

    def snap(self, notes: Sequence[Note]) -> dict[int, list[Note]]:
        """Notes by written start; chooses the division of every beat in which one starts."""
        waiting: dict[tuple[int, int], list[tuple[float, Note]]] = defaultdict(list)
        for note in sorted(notes):
            at = note.tick / TICKS_PER_GRID
            index, beat = self.beat_of(int(at))
            waiting[index, beat].append((at - self._beat_start(index, beat), note))
        onsets: dict[int, list[Note]] = defaultdict(list)
        for (index, beat), played in waiting.items():
            length = self.bars[index].beats[beat]
            step = self._steps[index, beat] = _best_step([at for at, _ in played], length)
            for at, note in played:
                start = self._beat_start(index, beat) + min(round(at / step) * step, length)
                start = min(start, self.bars[-1].end - min(step, length))
                if all(other.pitch != note.pitch for other in onsets[start]):
                    onsets[start].append(note)
        return onsets

    def triplets(self, index: int) -> frozenset[int]:
        beats = range(len(self.bars[index].beats))
        return frozenset(beat for beat in beats if self._steps.get((index, beat)) in _TRIPLET_STEPS)

    def bar_of(self, time: int) -> int:
        return max(0, bisect_right(self._starts, time) - 1)

    def beat_of(self, time: int) -> tuple[int, int]:
        """Numbers of the bar and of the beat in it."""
        index = self.bar_of(time)
        return index, self.bars[index].beat_at(time - self._starts[index])

    def beat_end(self, time: int) -> int:
        index, beat = self.beat_of(time)
        return self._starts[index] + self.bars[index].edges[beat + 1]

    def written_end(self, notes: Sequence[Note], start: int, following: int) -> int:
        """As it was played, rounded, and without gaps too small to be meant."""
        played = max(note.end for note in notes) / TICKS_PER_GRID
        if played >= following - _BREATH or following - played < (played - start) / 2:
            return following
        index, beat = self.beat_of(int(played))
        length = self.bars[index].beats[beat]
        step = self._steps.get((index, beat), min(_SIXTEENTH, length))
        origin = self._beat_start(index, beat)
        end = origin + min(round((played - origin) / step) * step, length)
        least = min(start + self._steps.get(self.beat_of(start), _SIXTEENTH), self.beat_end(start))
        return min(following, max(end, least))

    def _beat_start(self, index: int, beat: int) -> int:
        return self._starts[index] + self.bars[index].edges[beat]


def _best_step(places: Sequence[float], length: int) -> int:
    """The division of a beat that fits these onsets (grid units from its start) best."""
    whole = length == GRID_PER_QUARTER

    def cost(step: int) -> float:
        return _PRICE_OF_STEP[step] + sum(abs(place - round(place / step) * step) for place in places)

    return min((step for step in _PRICE_OF_STEP if whole or step not in _TRIPLET_STEPS), key=cost)


def _lay(cut: dict[int, list[Chord]], grid: _Grid, chord: Chord) -> None:
    """Puts a chord of the piece into its bars, in units of each bar."""
    start = chord.start
    while start < chord.end:
        index = grid.bar_of(start)
        bar = grid.bars[index]
        end = min(chord.end, bar.end)
        within = (start - bar.start, end - bar.start)
        held = end < chord.end
        cut[index].append(Chord(*within, chord.notes, start > chord.start, held, chord.rings and not held))
        start = end
