"""What a step reads and writes, one entry a slot, at addresses that never change."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES

WIDEST = max(FIELD_SIZES)


class Board:
    """Arrays over slots; `mask` and `leaning` are [slots, fields, WIDEST], of which a field uses as much as it needs.

    Args:
        slots: songs at a time.
        song_sizes: of the song's numbers.
        genres: weights of a song, the one for none included.
    """

    NAMES: ClassVar = (
        *("fields", "context", "echo", "song", "content", "genres", "has_content", "fed", "seed"),
        *("temperature", "top_p", "guidance", "mask", "leans", "leaning", "chosen"),
    )

    def __init__(self, slots: int, song_sizes: tuple[int, ...], genres: int) -> None:
        self.slots, self.song_sizes = slots, song_sizes
        self.fields = np.zeros((slots, len(FIELD_SIZES)), np.int32)
        self.context = np.zeros((slots, len(CONTEXT_SIZES)), np.int32)
        self.echo = np.zeros((slots, len(ECHO_SIZES)), np.int32)
        self.song = np.zeros((slots, len(song_sizes)), np.int32)
        self.content = np.zeros((slots, CONTENT_SIZE), np.float32)
        self.genres = np.zeros((slots, genres), np.float32)
        self.has_content = np.zeros(slots, np.uint8)
        self.fed = np.zeros(slots, np.int64)
        self.seed = np.zeros(slots, np.uint64)
        self.temperature, self.top_p, self.guidance = (np.ones(slots, np.float32) for _ in range(3))
        self.mask = np.zeros((slots, len(FIELD_SIZES), WIDEST), np.bool_)
        self.leans = np.zeros((slots, len(FIELD_SIZES)), np.bool_)
        self.leaning = np.zeros((slots, len(FIELD_SIZES), WIDEST), np.float32)
        self.chosen = np.zeros((slots, len(FIELD_SIZES)), np.int32)
        self.guided = np.zeros(slots, np.bool_)

    def arrays(self) -> list[NDArray[Any]]:
        """In the order of NAMES."""
        return [getattr(self, name) for name in self.NAMES]
