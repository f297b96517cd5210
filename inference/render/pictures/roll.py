"""The piano roll: where every note of every track stands, and drawing it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ImageDraw

from inference.music.score import Note, Score, Track
from inference.render.pictures.palette import INK, Colour, blend, lane_colour

Box = tuple[float, float, float, float]
_LEAST_SPAN = 14
_DRUM_ROWS = (
    frozenset({35, 36}),
    frozenset({37, 38, 39, 40}),
    frozenset({41, 43, 45, 47, 48, 50}),
    frozenset({42, 44, 46}),
    frozenset({49, 51, 52, 53, 55, 57, 59}),
)
_ROW_OF = {pitch: row for row, pitches in enumerate(_DRUM_ROWS) for pitch in pitches}
_DRUM_WEIGHT, _MELODIC_WEIGHT = 1.0, 1.25
_MOST_BAR_LINES = 400
_ROUND = 7.0
_OUTLINED = 6.0  # pixels of a note that is wide enough for a line around it


@dataclass(frozen=True, slots=True)
class Lane:
    """One track's strip of the picture, in pixels."""

    track: Track
    colour: Colour
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Roll:
    """A score laid out in `box` (left, top, right, bottom): `ticks` ticks from `first` on.

    Notes are `thick` pixels or the height of their pitch, whichever is more; `apart` are between those that follow on
    each other at once. A `line` of the ground around each keeps the tones of a close chord apart.
    """

    box: Box
    ticks: int
    lanes: tuple[Lane, ...]
    bar_starts: tuple[int, ...]
    first: int = 0
    thick: float = 17.0
    apart: float = 1.6
    line: float = 0.0

    @property
    def last(self) -> int:
        return self.first + self.ticks

    def x_of(self, tick: float) -> float:
        return self.box[0] + (self.box[2] - self.box[0]) * (tick - self.first) / self.ticks

    def width_of(self, ticks: float) -> float:
        return (self.box[2] - self.box[0]) * ticks / self.ticks

    def shows(self, note: Note) -> bool:
        return note.tick < self.last and note.end > self.first


def lay_out(score: Score, box: Box, gap: float) -> Roll:
    """Lanes of all tracks from top to bottom, `gap` pixels apart, and the bars."""
    starts = bar_starts(score)
    top, bottom = box[1], box[3]
    weights = [_DRUM_WEIGHT if track.is_drum else _MELODIC_WEIGHT for track in score.tracks]
    free = bottom - top - gap * (len(weights) - 1)
    lanes = []
    y = top
    for index, (track, weight) in enumerate(zip(score.tracks, weights, strict=True)):
        height = free * weight / sum(weights)
        lanes.append(Lane(track, lane_colour(index), y, y + height))
        y += height + gap
    return Roll(box, starts[-1], tuple(lanes), tuple(starts[:-1]))


def bar_starts(score: Score) -> list[int]:
    """Ticks where bars start, and last the end of the last bar."""
    starts = [0]
    following = 0  # of the meters, the first one that has not come yet
    end = max(1, score.end_tick)
    while starts[-1] < end:
        while following < len(score.meters) and score.meters[following].tick <= starts[-1]:
            following += 1
        starts.append(starts[-1] + max(1, score.meters[following - 1].meter.ticks))
    return starts


def draw_grid(draw: ImageDraw.ImageDraw, roll: Roll, accent: Colour) -> None:
    """Lane grounds, a line every bar and a stronger one every four."""
    every = 1 + len(roll.bar_starts) // _MOST_BAR_LINES
    left, _, right, _ = roll.box
    for lane in roll.lanes:
        ground = (left, lane.top, right, lane.bottom)
        draw.rounded_rectangle(ground, radius=min(12, lane.height / 4), fill=ground_of(lane))
    for number, tick in enumerate(roll.bar_starts):
        if number % every or not roll.first < tick < roll.last:
            continue
        strong = number % 4 == 0
        colour = blend(INK, blend(accent, (255, 255, 255), 0.5), 0.42 if strong else 0.16)
        for lane in roll.lanes:
            draw.line((roll.x_of(tick), lane.top, roll.x_of(tick), lane.bottom), fill=colour, width=3 if strong else 2)


def ground_of(lane: Lane) -> Colour:
    """What a lane's notes lie on."""
    return blend(INK, lane.colour, 0.07)


def draw_notes(draw: ImageDraw.ImageDraw, roll: Roll, light: float = 1.0) -> None:
    """Every note in sight, brighter the harder it is played; `light` 0..1 dims them all."""
    for lane, note, box in note_boxes(roll):
        colour = blend(INK, lane.colour, light * (0.5 + 0.5 * min(1.0, note.velocity / 108)))
        if roll.line and not lane.track.is_drum and box[2] - box[0] >= _OUTLINED:
            draw.rounded_rectangle(box, radius=corner(lane, box), fill=ground_of(lane))
            left, top, right, bottom = box
            inner = (left + roll.line, top + roll.line, right - roll.line, bottom - roll.line)
        else:
            inner = box
        draw.rounded_rectangle(inner, radius=corner(lane, inner), fill=colour)


def corner(lane: Lane, box: Box) -> float:
    """The radius of a note's corners, in pixels."""
    half = (box[2] - box[0]) / 2
    return half if lane.track.is_drum else min(_ROUND, (box[3] - box[1]) / 2, half)


def note_boxes(roll: Roll) -> Iterator[tuple[Lane, Note, Box]]:
    """Where each note in sight is drawn."""
    for lane in roll.lanes:
        for note, box in _drum_dots(lane, roll) if lane.track.is_drum else _bars(lane, roll):
            yield lane, note, box


def _bars(lane: Lane, roll: Roll) -> Iterator[tuple[Note, Box]]:
    pitches = [note.pitch for note in lane.track.notes]
    if not pitches:
        return
    lowest, highest = min(pitches), max(pitches)
    spare = max(0, _LEAST_SPAN - (highest - lowest))
    bottom_pitch, rows = lowest - spare / 2, highest - lowest + spare + 1
    inner = lane.height * 0.86
    row = inner / rows
    thickness = max(row * 0.92, min(roll.thick, lane.height / 5.5))
    for note in filter(roll.shows, lane.track.notes):
        y = lane.bottom - lane.height * 0.07 - (note.pitch - bottom_pitch + 0.5) * row
        x = max(roll.box[0], roll.x_of(note.tick))
        # a hair of ground between repeated notes, but never less than a visible sliver
        end = min(roll.box[2], max(x + 2.0, roll.x_of(note.end) - roll.apart))
        x = min(x, end)
        yield note, (x, y - thickness / 2, end, y + thickness / 2)


def _drum_dots(lane: Lane, roll: Roll) -> Iterator[tuple[Note, Box]]:
    """A row for each kind of drum in use; dots of a fast row become upright so that each hit can be seen."""
    used = sorted({_drum_row(note.pitch) for note in lane.track.notes})
    row_height = lane.height * 0.88 / max(1, len(used))
    for place, row in enumerate(used):
        hits = [note for note in lane.track.notes if _drum_row(note.pitch) == row]
        y = lane.bottom - lane.height * 0.06 - (place + 0.5) * row_height
        tall = min(row_height * 0.42, 11.0)
        wide = min(tall, max(1.1, _usual_gap(hits, roll) * 0.40))
        for note in filter(roll.shows, hits):
            if note.tick < roll.first:
                continue  # a stroke is over at once, however long its note
            loud = 0.55 + 0.45 * min(1.0, note.velocity / 112)
            x = roll.x_of(note.tick) + wide
            yield note, (x - wide, y - tall * loud, x + wide, y + tall * loud)


def _usual_gap(hits: list[Note], roll: Roll) -> float:
    """Pixels between neighbouring hits where they come fast: the lowest tenth of all gaps."""
    ticks = sorted({note.tick for note in hits})
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(ticks))
    return roll.width_of(gaps[len(gaps) // 10]) if gaps else roll.box[2]


def _drum_row(pitch: int) -> int:
    return _ROW_OF.get(pitch, len(_DRUM_ROWS))
