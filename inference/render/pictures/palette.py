"""Colours as (red, green, blue), 0..255."""

import colorsys

Colour = tuple[int, int, int]
INK: Colour = (12, 13, 18)
WHITE: Colour = (246, 246, 250)
GREY: Colour = (160, 164, 178)
_LANES: tuple[Colour, ...] = (
    (255, 202, 87),
    (86, 178, 255),
    (255, 107, 97),
    (120, 220, 140),
    (190, 148, 255),
    (255, 158, 88),
    (76, 212, 204),
    (255, 140, 190),
    (208, 224, 96),
    (134, 160, 255),
    (226, 170, 130),
    (170, 236, 220),
)


def lane_colour(index: int) -> Colour:
    """The colour of the track at that place in the score."""
    return _LANES[index % len(_LANES)]


def parse_colour(text: str) -> Colour:
    """Reads `#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of `second` in `first`, 0..1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def at_least_light(colour: Colour, lightness: float) -> Colour:
    """The same hue, light enough to be read on a dark ground."""
    hue, old, saturation = colorsys.rgb_to_hls(*(value / 255 for value in colour))
    red, green, blue = colorsys.hls_to_rgb(hue, max(old, lightness), saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def ink_on(colour: Colour) -> Colour:
    """Dark or white, whichever is read better on `colour` (WCAG's relative luminance, roughly)."""
    red, green, blue = ((value / 255) ** 2.2 for value in colour)
    return INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 else WHITE
