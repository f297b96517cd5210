"""The chord chart: four bars a row, rows that repeat written once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from inference.music.pitch import Key
from inference.render.notation.bars import Bar
from inference.render.notation.symbols import Symbol
from inference.render.pictures.chordname import width_of, write_chord
from inference.render.pictures.ground import ground
from inference.render.pictures.lettering import drawable, fitting, font, write
from inference.render.pictures.palette import GREY, INK, WHITE, Colour, at_least_light, blend, ink_on, parse_colour

_WIDTH, _MARGIN, _HEAD, _ROW, _GAP, _FOOT = 1200, 48, 150, 84, 12, 40
_NUMBER, _TIMES = 64, 70
_MOST_ROWS = 40
_SIZES, _INSET, _APART = (36, 32, 28, 26, 24, 22, 20, 18, 16), 14, 10
_SILENCE, _SAME = "N.C.", "%"


@dataclass(frozen=True, slots=True)
class Chart:
    """What the chart says; `colour` is `#rrggbb`, `facts` stand under the title."""

    title: str
    facts: str
    key: Key
    colour: str


@dataclass(frozen=True, slots=True)
class Row:
    """Some bars from number `first` on, played `times` times in a row; a bar is the names of its chords.

    `letter` is that of the section that begins here, or nothing.
    """

    first: int
    bars: tuple[tuple[str, ...], ...]
    times: int
    letter: str = ""


def bars_of_chords(bars: Sequence[Bar], symbols: Sequence[Symbol], key: Key) -> list[tuple[str, ...]]:
    """The chord names of each bar; what goes on from the bar before is named again at its start."""
    named: list[tuple[str, ...]] = []
    current = ""
    waiting = list(symbols)
    for bar in bars:
        here = [symbol for symbol in waiting if symbol.start < bar.end]
        waiting = waiting[len(here) :]
        names = [symbol.name(key) for symbol in here]
        if current and (not here or here[0].start > bar.start):
            names.insert(0, current)
        current = names[-1] if names else current
        named.append(tuple(names))
    return named


def rows_of(named: Sequence[tuple[str, ...]], letters: Mapping[int, str] | None = None) -> list[Row]:
    """Four bars a row (eight in a long song), a new row for each section; equal rows of a section in a row become one.

    Args:
        named: the chord names of each bar.
        letters: of sections, by their first bars, counted from 0.
    """
    wide = 4 if len(named) <= 4 * _MOST_ROWS else 8
    known = letters or {}
    starts = sorted({0, *known} & set(range(len(named))))
    rows: list[Row] = []
    for start, stop in zip(starts, [*starts[1:], len(named)], strict=True):
        for first in range(start, stop, wide):
            bars, letter = tuple(named[first : min(first + wide, stop)]), known.get(first, "")
            if rows and rows[-1].bars == bars and not letter:
                rows[-1] = replace(rows[-1], times=rows[-1].times + 1)
            else:
                rows.append(Row(first + 1, bars, 1, letter))
    return rows


def chart_text(chart: Chart, rows: Sequence[Row]) -> str:
    """The chart in plain letters, for a terminal or a message."""
    widest = max((len(" ".join(bar)) for row in rows for bar in row.bars), default=1)
    lines = [chart.title, chart.facts, ""]
    for row in rows:
        cells = " | ".join((" ".join(bar) or _SILENCE).ljust(widest) for bar in row.bars)
        lines.append(f"{row.letter:1}{row.first:>4}  | {cells} |" + (f"  x{row.times}" if row.times > 1 else ""))
    return "\n".join(lines) + "\n"


def draw_chart(chart: Chart, rows: Sequence[Row]) -> Image.Image:
    """The chart as a picture, as high as it needs to be."""
    accent = parse_colour(chart.colour)
    shown = list(rows)
    height = _HEAD + len(shown) * (_ROW + _GAP) + _FOOT
    picture = ground(accent, _WIDTH, height)
    draw = ImageDraw.Draw(picture)
    title, face = fitting(drawable(chart.title) or "Chords", (56, 48, 40, 32), _WIDTH - 2 * _MARGIN)
    write(draw, (_MARGIN, 56), title, face, WHITE)
    facts, face = fitting(chart.facts, (28, 24, 20), _WIDTH - 2 * _MARGIN)
    write(draw, (_MARGIN, 108), facts, face, blend(GREY, WHITE, 0.5))
    sizes, edge_x = letter_sizes(shown), _right_of(shown)
    for place, row in enumerate(shown):
        top = _HEAD + place * (_ROW + _GAP)
        _write_number(draw, row, top, accent)
        for box, names in _cells(row, top, edge_x):
            edge = blend(INK, at_least_light(accent, 0.5), 0.5)
            draw.rounded_rectangle(box, radius=10, fill=blend(INK, accent, 0.16), outline=edge, width=2)
            wide = (box[2] - box[0] - _INSET) / len(names)
            for number, one in enumerate(names):
                size = next((size for size in (sizes[len(names)], 16) if width_of(one, size) <= wide - _APART), 12)
                at = (box[0] + _INSET + number * wide, top + _ROW / 2)
                write_chord(picture, at, one, size, GREY if one in (_SILENCE, _SAME) else WHITE)
        if row.times > 1:
            at = (_WIDTH - _MARGIN - _TIMES + 14, top + _ROW / 2)
            write(draw, at, f"x{row.times}", font(32), at_least_light(accent, 0.62))
    return picture


def _write_number(draw: ImageDraw.ImageDraw, row: Row, top: float, accent: Colour) -> None:
    """The number of a row's first bar, under the letter of the section if one begins there."""
    middle = top + _ROW / 2
    if row.letter:
        face, fill = font(24), at_least_light(accent, 0.5)
        box = (_MARGIN - 2, middle - 34, _MARGIN + 28, middle - 4)
        draw.rounded_rectangle(box, radius=7, fill=fill)
        write(draw, (_MARGIN + 13 - face.getlength(row.letter) / 2, middle - 19), row.letter, face, ink_on(fill))
    write(draw, (_MARGIN, middle + (18 if row.letter else 0)), str(row.first), font(24), GREY)


def letter_sizes(rows: Sequence[Row]) -> dict[int, int]:
    """For bars of one, two or more chords, the largest letters in which all of them fit: a chart has one hand."""
    sizes: dict[int, int] = {}
    for row in rows:
        for box, names in _cells(row, 0.0, _right_of(rows)):
            wide = (box[2] - box[0] - _INSET) / len(names) - _APART
            for name in names:
                size = next((size for size in _SIZES if width_of(name, size) <= wide), _SIZES[-1])
                sizes[len(names)] = min(sizes.get(len(names), _SIZES[0]), size)
    return sizes


def _right_of(rows: Sequence[Row]) -> float:
    """Where the bars end: there is a column for the number of times if any row needs one."""
    return _WIDTH - _MARGIN - (_TIMES if any(row.times > 1 for row in rows) else 0)


def _cells(row: Row, top: float, right: float) -> Iterator[tuple[tuple[float, float, float, float], tuple[str, ...]]]:
    """Box and chords of each bar; a bar that repeats the one before gets a repeat sign."""
    columns = max(4, len(row.bars))
    left = _MARGIN + _NUMBER
    width = (right - left) / columns
    for place, bar in enumerate(row.bars):
        x = left + place * width
        repeated = place > 0 and bar == row.bars[place - 1] and bar
        yield (x, top, x + width - 8, top + _ROW), (_SAME,) if repeated else bar or (_SILENCE,)
