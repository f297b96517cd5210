"""The kernels as one text, for whichever compiler takes it."""

from pathlib import Path

from inference.engine.cuda.headers import SETTINGS
from inference.music.spec import MAX_PLAYERS
from inference.music.units import MAX_EDITED_BARS
from inference.tokens import busyness, leaning
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.grammar import MAX_HITS_AT_ONCE
from inference.tokens.listening import HEARD_SIZES
from inference.tokens.state import BAR_CYCLE, CONTEXT_SIZES, ECHO_SIZES, MAX_BARS_LEFT, STROKES
from inference.tokens.vocabulary import (
    COPY_DISTANCES,
    DURATION_GRIDS,
    DURATIONS,
    POSITIONS,
    RIFFS,
    SHAPES,
    VALUES,
    VELOCITIES,
)

_FOLDER = Path(__file__).parent
_FILES = ("machine.hpp", "parts.hpp", "band.hpp", "grammar.hpp", "sampler.hpp", "network.hpp", "kernels.cpp")
_HALF_NOTE = 48

KERNELS = ("join", "leave", "embed", "normalise", "attend", "gate", "begin", "choose", "advance")


def source(*, half: bool, threads: int = 1) -> str:
    """C++ for a processor, CUDA C++ for a card.

    Args:
        half: bfloat16 in the matrices, else float32.
        threads: of a team on a processor.
    """
    constants = _constants() | {"BF16": str(int(half)), "THREADS": str(threads)}
    texts = ((_FOLDER / name).read_text(encoding="utf-8") for name in _FILES)
    lines = [line for text in texts for line in text.splitlines() if not line.startswith(('#include "', "#pragma"))]
    return "\n".join([*(f"#define LNH_{name} {value}" for name, value in constants.items()), *lines, ""])


def _constants() -> dict[str, str]:
    """What the vocabulary and the grammar say, so that it is said in one place."""
    whole = {
        "PLAYERS": MAX_PLAYERS,
        "POSITIONS": POSITIONS,
        "COPIES": len(COPY_DISTANCES),
        "RIFFS": RIFFS,
        "VALUES": VALUES,
        "SHAPES": SHAPES,
        "DURATIONS": DURATIONS,
        "VELOCITIES": VELOCITIES,
        "CONTENT": CONTENT_SIZE,
        "BARS": MAX_EDITED_BARS,
        "CONTEXTS": len(CONTEXT_SIZES),
        "STROKES": STROKES,
        "ECHOES": len(ECHO_SIZES),
        "BEFORE": len(HEARD_SIZES) - 1,
        "MAX_HITS_AT_ONCE": MAX_HITS_AT_ONCE,
        "LEVELS": busyness.LEVELS,
        "BAR_CYCLE": BAR_CYCLE,
        "MAX_BARS_LEFT": MAX_BARS_LEFT,
        "RINGING": 1 + DURATION_GRIDS.index(_HALF_NOTE),
    }
    single = {
        "ENDING_STROKE": leaning.ENDING_STROKE_WEIGHT,
        "ENDING_LENGTH": leaning.ENDING_LENGTH_WEIGHT,
        "BUSY_QUARTER": float(busyness.QUARTER),
    }
    double = {"BUSY_STEP": busyness.BUSY_WEIGHT * busyness.LEVEL, "PRIOR_BLOCKS": busyness.PRIOR_BLOCKS}
    return (
        {"COPY_DISTANCES": ", ".join(map(str, COPY_DISTANCES)), "SETTINGS": ", ".join(map(str.upper, SETTINGS))}
        | {name: str(value) for name, value in whole.items()}
        | {name: f"{value!r}f" for name, value in single.items()}
        | {name: repr(value) for name, value in double.items()}
    )
