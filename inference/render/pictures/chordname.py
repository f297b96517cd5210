"""Chord names with real flats and sharps, which the font has not."""

import re
from collections.abc import Iterator
from functools import cache

from PIL import Image, ImageDraw

from inference.render.pictures.lettering import font, write
from inference.render.pictures.palette import Colour

_SIGN = re.compile(r"(?:(?<=^[A-G])|(?<=/[A-G]))[b#]|(?<=7)b(?=5)")
_FINE = 8  # pixels of a sign are averaged over so many squared
_WIDE = {"b": 0.44, "#": 0.56}  # parts of the letters' size
_FLAT = (
    ((0.02, -0.62), (0.02, 0.3)),
    ((0.02, -0.06), (0.12, -0.19), (0.27, -0.17), (0.28, -0.04), (0.24, 0.11), (0.02, 0.3)),
)
_SHARP = (
    ((0.13, -0.42), (0.13, 0.36)),
    ((0.3, -0.48), (0.3, 0.3)),
    ((0.0, -0.1), (0.43, -0.22)),
    ((0.0, 0.18), (0.43, 0.06)),
)
_STROKES = {"b": _FLAT, "#": _SHARP}
_THICK = {"b": 0.07, "#": 0.065}


def width_of(name: str, size: int) -> float:
    """Pixels that a chord's name needs in letters of `size`."""
    face = font(size)
    return sum(_WIDE[part] * size if is_sign else face.getlength(part) for part, is_sign in _parts(name))


def write_chord(picture: Image.Image, at: tuple[float, float], name: str, size: int, colour: Colour) -> None:
    """A chord's name with its left middle at `at`."""
    draw, face, x = ImageDraw.Draw(picture), font(size), at[0]
    for part, is_sign in _parts(name):
        if is_sign:
            picture.paste(colour, (round(x + 0.05 * size), round(at[1] - 0.7 * size)), _drawn(part, size))
            x += _WIDE[part] * size
        else:
            write(draw, (x, at[1]), part, face, colour)
            x += face.getlength(part)


def _parts(name: str) -> Iterator[tuple[str, bool]]:
    """Letters and signs in turn."""
    at = 0
    for sign in _SIGN.finditer(name):
        yield name[at : sign.start()], False
        yield sign[0], True
        at = sign.end()
    if name[at:]:
        yield name[at:], False


@cache
def _drawn(sign: str, size: int) -> Image.Image:
    """A mask of a sign; its middle is 0.7 of the size below its top."""
    wide, high = round(_WIDE[sign] * size) + 2, round(1.2 * size)
    large = Image.new("L", (wide * _FINE, high * _FINE))
    draw = ImageDraw.Draw(large)
    scale = size * _FINE
    thick = round(_THICK[sign] * scale)
    for stroke in _STROKES[sign]:
        points = [(x * scale + thick, (y + 0.7) * scale) for x, y in _curve(stroke)]
        draw.line(points, fill=255, width=thick, joint="curve")
    return large.resize((wide, high), Image.Resampling.BOX)


def _curve(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Through the points, round where there are more than two (Catmull and Rom)."""
    if len(points) == 2:
        return list(points)
    padded = (points[0], *points, points[-1])
    curve = []
    for first, start, end, last in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(8):
            t = step / 8
            weights = (-t / 2 + t * t - t**3 / 2, 1 - 2.5 * t * t + 1.5 * t**3, t / 2 + 2 * t * t - 1.5 * t**3)
            parts = (*weights, -t * t / 2 + t**3 / 2)
            x, y = (sum(w * p[k] for w, p in zip(parts, (first, start, end, last), strict=True)) for k in (0, 1))
            curve.append((x, y))
    return [*curve, points[-1]]
