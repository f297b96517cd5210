"""Text that fits, in the one font that Pillow brings."""

from functools import cache

from PIL import ImageDraw, ImageFont

from inference.render.pictures.palette import Colour

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_BOLD_FROM = 56.0
_NO_GLYPH = "\U0010ffff"


@cache
def font(size: float) -> Font:
    """Pillow's own font at a size in pixels."""
    return ImageFont.load_default(size)


def fitting(text: str, sizes: tuple[int, ...], width: float) -> tuple[str, Font]:
    """The largest of `sizes` (falling) in which `text` fits; cut with an ellipsis when it fits in none."""
    clean = drawable(text)
    for size in sizes:
        if font(size).getlength(clean) <= width:
            return clean, font(size)
    smallest = font(sizes[-1])
    while clean and smallest.getlength(clean + "…") > width:
        clean = clean[:-1].rstrip()
    return clean + "…", smallest


def drawable(text: str) -> str:
    """One line of what the font can draw: no emoji boxes, no control characters."""
    return " ".join("".join(letter if _has_glyph(letter) else " " for letter in text).split())


@cache
def _has_glyph(letter: str) -> bool:
    if not letter.isprintable():
        return False
    probe = font(20)
    return letter == " " or bytes(probe.getmask(letter)) != bytes(probe.getmask(_NO_GLYPH))


def write(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, face: Font, colour: Colour) -> None:
    """Text with its left middle at `at`; large text gets a fine outline, as the font has no bold cut."""
    weight = 1 if isinstance(face, ImageFont.FreeTypeFont) and face.size >= _BOLD_FROM else 0
    draw.text(at, text, fill=colour, font=face, anchor="lm", stroke_width=weight, stroke_fill=colour)
