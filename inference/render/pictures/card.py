"""The card a song is posted with: title, facts and piano roll."""

import io
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from inference.music.form import sections
from inference.music.program import GM_PROGRAM_NAMES
from inference.music.score import Score, Track
from inference.render.pictures.ground import ground
from inference.render.pictures.lettering import drawable, fitting, font, write
from inference.render.pictures.palette import (
    GREY,
    WHITE,
    Colour,
    at_least_light,
    blend,
    ink_on,
    parse_colour,
)
from inference.render.pictures.roll import Lane, Roll, draw_grid, draw_notes, lay_out

WIDTH, HEIGHT = 1200, 630
_FINE = 2  # everything is drawn twice as large and scaled down: Pillow's shapes have hard edges
_ROLL = (252.0, 168.0, 1164.0, 580.0)
_LEFT, _RIGHT = 36, 1164
_LINE = 1.2  # around each note, so that the tones of a chord can be told apart
_GLOW_RADIUS = 7
_GLOW = 0.7
_COVER_WIDTH = 800
_WHERE_DRAWN = [0, *[255] * 255]


@dataclass(frozen=True, slots=True)
class Card:
    """What is on a card.

    Args:
        facts: in one line behind the genre.
        colour: `#rrggbb`.
        form: a letter for each section, or nothing.
    """

    title: str
    genre: str
    facts: tuple[str, ...]
    colour: str
    score: Score
    form: str = ""


def draw_card(card: Card) -> Image.Image:
    """The picture, WIDTH x HEIGHT, RGB."""
    accent = parse_colour(card.colour)
    picture = ground(accent, WIDTH, HEIGHT).resize((WIDTH * _FINE, HEIGHT * _FINE), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = (edge * _FINE for edge in _ROLL)
    lanes = len(card.score.tracks)
    roll = replace(lay_out(card.score, (left, top, right, bottom), _FINE * (8 if lanes <= 6 else 3)), line=_LINE)
    draw_grid(draw, roll, at_least_light(accent, 0.5))
    picture = _with_notes(picture, roll)
    draw = ImageDraw.Draw(picture)
    _header(draw, card, accent)
    _legend(draw, roll)
    _bar_numbers(draw, roll, _sections(draw, roll, card.form, accent))
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


def png_bytes(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=5)
    return file.getvalue()


def jpeg_bytes(picture: Image.Image) -> bytes:
    """A smaller copy, for the cover of an MP3."""
    file = io.BytesIO()
    height = round(_COVER_WIDTH * picture.height / picture.width)
    picture.resize((_COVER_WIDTH, height), Image.Resampling.LANCZOS).save(file, "JPEG", quality=84)
    return file.getvalue()


def _with_notes(picture: Image.Image, roll: Roll) -> Image.Image:
    """Notes, which shine a little: a blurred copy of them is added first, drawn small because a blur has no detail."""
    layer = Image.new("RGB", picture.size)
    draw_notes(ImageDraw.Draw(layer), roll)
    small = layer.reduce(2 * _FINE).filter(ImageFilter.GaussianBlur(_GLOW_RADIUS / 2))
    dimmed = small.point(lambda value: value * _GLOW)
    shining = ImageChops.add(picture, dimmed.resize(picture.size, Image.Resampling.BILINEAR))
    shining.paste(layer, mask=layer.convert("L").point(_WHERE_DRAWN))  # no note is black
    return shining


def _header(draw: ImageDraw.ImageDraw, card: Card, accent: Colour) -> None:
    mark, mark_font = "LnH", font(44 * _FINE)
    mark_width = mark_font.getlength(mark)
    right = _RIGHT * _FINE
    write(draw, (right - mark_width, 62 * _FINE), mark, mark_font, at_least_light(accent, 0.62))
    room = right - mark_width - (_LEFT + 28) * _FINE
    sizes = tuple(size * _FINE for size in (68, 60, 54, 48, 42, 36, 30))
    title, title_font = fitting(drawable(card.title) or card.genre, sizes, room)
    write(draw, (_LEFT * _FINE, 62 * _FINE), title, title_font, WHITE)
    chip_end = _chip(draw, card.genre, accent)
    facts = "   ·   ".join(card.facts)
    line, face = fitting(facts, tuple(size * _FINE for size in (33, 30, 27, 24, 21, 18)), right - chip_end - 20 * _FINE)
    write(draw, (chip_end + 20 * _FINE, 126 * _FINE), line, face, blend(GREY, WHITE, 0.55))


def _chip(draw: ImageDraw.ImageDraw, genre: str, accent: Colour) -> float:
    """The genre on its own colour; returns where it ends."""
    left, middle = _LEFT * _FINE, 126 * _FINE
    text, face = fitting(genre, (31 * _FINE, 24 * _FINE), 420 * _FINE)
    right = left + face.getlength(text) + 32 * _FINE
    draw.rounded_rectangle((left, middle - 22 * _FINE, right, middle + 22 * _FINE), radius=22 * _FINE, fill=accent)
    write(draw, (left + 16 * _FINE, middle), text, face, ink_on(accent))
    return right


def _legend(draw: ImageDraw.ImageDraw, roll: Roll) -> None:
    """Left of each lane and in its colour: the track's name and, where there is room for two lines, its instrument.

    A track without a name is called by its instrument.
    """
    width = (_ROLL[0] - _LEFT - 30) * _FINE
    lowest = min(lane.height for lane in roll.lanes)
    two_lines = lowest >= 60 * _FINE
    size = int(min(29.0 * _FINE, lowest * 0.62))
    for lane in roll.lanes:
        instrument, name = instrument_name(lane.track), drawable(lane.track.name)
        x = (_LEFT + 16) * _FINE
        named = two_lines and name.casefold() not in ("", instrument.casefold())
        text, face = fitting(name or instrument, tuple(range(size, size * 2 // 3, -2)), width)
        write(draw, (x, lane.middle - (14 * _FINE if named else 0)), text, face, blend(lane.colour, WHITE, 0.25))
        if named:
            text, face = fitting(instrument, (20 * _FINE, 18 * _FINE, 16 * _FINE, 14 * _FINE), width)
            write(draw, (x, lane.middle + 16 * _FINE), text, face, blend(lane.colour, WHITE, 0.45))
        _swatch(draw, lane)


def _swatch(draw: ImageDraw.ImageDraw, lane: Lane) -> None:
    left, half = _LEFT * _FINE, lane.height * 0.36
    box = (left, lane.middle - half, left + 6 * _FINE, lane.middle + half)
    draw.rounded_rectangle(box, radius=3 * _FINE, fill=lane.colour)


def _counted_bars(roll: Roll) -> int:
    last = max((note.tick for lane in roll.lanes for note in lane.track.notes), default=0)
    return bisect_right(roll.bar_starts, last)  # where the last chord only rings on, nobody counts


def _sections(draw: ImageDraw.ImageDraw, roll: Roll, form: str, accent: Colour) -> dict[int, float]:
    """The letters of a form in the line of bar numbers; how far each takes the number of its bar to the right."""
    bars, middle = _counted_bars(roll), (_ROLL[3] + 23) * _FINE
    if not form or len(form) > bars:
        return {}
    face, half = font(20 * _FINE), 14 * _FINE
    colours = [blend(accent, WHITE, 0.5 * letter / max(1, len(set(form)) - 1)) for letter in range(len(set(form)))]
    starts = [section.start for section in sections(form, bars)]
    for letter, start in zip(form, starts, strict=True):
        x, fill = roll.x_of(roll.bar_starts[start]), colours[ord(letter) - ord("A")]
        draw.rounded_rectangle((x, middle - half, x + 2 * half, middle + half), radius=6 * _FINE, fill=fill)
        write(draw, (x + half - face.getlength(letter) / 2, middle), letter, face, ink_on(fill))
    return dict.fromkeys(starts, 2.0 * half + 6 * _FINE)


def _bar_numbers(draw: ImageDraw.ImageDraw, roll: Roll, moved: Mapping[int, float]) -> None:
    """The number of every fourth bar, or of fewer; none where it would run into the letter of the next section."""
    bars, face = _counted_bars(roll), font(24 * _FINE)
    every = next(step for step in (4, 8, 16, 32, 64, 128, bars + 1) if bars / step <= 13)
    for number in range(0, bars, every):
        text, x = str(number + 1), roll.x_of(roll.bar_starts[number]) + moved.get(number, 2)
        letters = (roll.x_of(roll.bar_starts[start]) for start in moved if start > number)
        if x + face.getlength(text) + 2 * _FINE < min(letters, default=math.inf):
            write(draw, (x, (_ROLL[3] + 23) * _FINE), text, face, blend(GREY, WHITE, 0.35))


def instrument_name(track: Track) -> str:
    """What a reader calls the track: its General MIDI instrument."""
    return "Drums" if track.is_drum else GM_PROGRAM_NAMES[track.program % 128]
