"""What pictures are drawn on."""

import numpy as np
from PIL import Image

from inference.render.pictures.palette import INK, Colour


def ground(accent: Colour, width: int, height: int) -> Image.Image:
    """Nearly black, with the genre's light falling in from the upper left."""
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot(x / width, y / height * 0.9)
    light = np.clip(1.0 - distance / 0.95, 0.0, 1.0)[..., None] ** 1.6 * 0.42
    shaded = np.array(INK) * (1 - light) + np.array(accent) * light
    return Image.fromarray(shaded.astype(np.uint8), "RGB")
