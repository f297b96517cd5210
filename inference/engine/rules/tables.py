"""What the rules look up: what vocabulary, leanings and keys say. No torch here."""

from functools import lru_cache
from math import exp, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.rules.constants import MODES
from inference.music.pitch import Key
from inference.tokens.block import BACKBEAT, KICK, SNARE, TIMEKEEPER, chord_intervals
from inference.tokens.busyness import LEVEL, LEVELS, gap_leaning
from inference.tokens.grammar import MAX_HITS_AT_ONCE
from inference.tokens.leaning import root_leaning, shape_leaning
from inference.tokens.tables import CHORD_SHAPES, DRUM_SETS
from inference.tokens.touching import CONSONANT
from inference.tokens.vocabulary import POSITION, POSITIONS, SHAPES


@lru_cache(maxsize=1)
def music_tables() -> dict[str, NDArray[Any]]:
    """What holds for every song, in the order of `Tables` in parts.hpp."""
    scales = [frozenset(Key(0, mode).pitch_classes) for mode in MODES]
    counts = range(1, 1 + POSITIONS * MAX_HITS_AT_ONCE)
    bounds = [exp(LEVEL * (level + 0.5)) for level in range(-LEVELS, LEVELS)]
    within = [[[_stays(scale, root, shape) for shape in range(SHAPES)] for root in range(12)] for scale in scales]
    return {
        "root_leaning": np.array([root_leaning(mode) for mode in MODES], np.float32),
        "shape_leaning": np.array([[shape_leaning(mode, root) for root in range(12)] for mode in MODES], np.float32),
        "gaps": np.array([_gaps(level) for level in range(-LEVELS, LEVELS + 1)], np.float32),
        "chord_shares": np.array([CONSONANT.get(interval, 0.0) for interval in range(12)], np.float64),
        "logarithms": np.array([0.0, *(log2(count) / 5 for count in counts)], np.float64),
        "busy": np.array(bounds, np.float64),
        "scales": np.array([sum(1 << tone for tone in scale) for scale in scales], np.int32),
        "shape_masks": np.array([0, *CHORD_SHAPES], np.int32),
        "drum_flags": np.array([_struck(mask) for mask in DRUM_SETS], np.uint8),
        "shapes_in": np.array(within, np.uint8),
    }


def _stays(scale: frozenset[int], root: int, shape: int) -> bool:
    """Whether every note of a shape is of the key."""
    return shape > 0 and all((root + interval) % 12 in scale for interval in chord_intervals(shape))


def _gaps(level: int) -> NDArray[np.float32]:
    """What leans on a gap of so many grid steps."""
    at_start = np.zeros(POSITIONS + 1, np.float32)
    leaning, longest = gap_leaning(level, 0, 0), gap_leaning(level, 0, POSITIONS)
    if leaning is not None and longest is not None:
        at_start[:POSITIONS], at_start[POSITIONS] = leaning[POSITION:], longest[0]
    return at_start


def _struck(mask: int) -> int:
    """The flags of parts.hpp."""
    flags = (KICK, SNARE, mask, BACKBEAT, TIMEKEEPER)
    return sum(bool(mask & lanes) << place for place, lanes in enumerate(flags))
