"""What pictures are drawn on."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.render.pictures.palette import INK, Colour


def ground(accent: Colour, width: int, height: int) -> Image.Image:
    """Nearly black, with the genre's light falling in from the upper left."""
    light = _light(width, height)
    sides = [(ink * (1 - light) + own * light).astype(np.uint8) for ink, own in zip(INK, accent, strict=True)]
    return Image.merge("RGB", [Image.fromarray(side) for side in sides])


@lru_cache(1)
def _light(width: int, height: int) -> NDArray[np.float64]:
    """How much of it falls where; the same for every card."""
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot(x / width, y / height * 0.9)
    return np.asarray(np.clip(1.0 - distance / 0.95, 0.0, 1.0) ** 1.6 * 0.42, dtype=np.float64)
