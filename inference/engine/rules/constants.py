"""What the vocabulary and the grammar say, for the compiler, so that it is said in one place."""

from dataclasses import fields

from inference.music.pitch import Mode
from inference.music.program import Role
from inference.music.spec import MAX_PLAYERS
from inference.music.touch import Touch
from inference.music.units import GRID_PER_QUARTER, MAX_EDITED_BARS
from inference.tokens import busyness, leaning
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.grammar import MAX_HITS_AT_ONCE
from inference.tokens.listening import HEARD_SIZES
from inference.tokens.state import BAR_CYCLE, CONTEXT_SIZES, ECHO_SIZES, MAX_BARS_LEFT, STROKES
from inference.tokens.touching import FAR, LATER_DISTANCES
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

# The names of `Setting` in parts.hpp are these in capitals.
SETTINGS = ("temperature", "top_p", "guidance", "target", *(f"touch_{one.name}" for one in fields(Touch)))
# In the order of the tables. A song's number is one more, or 0 without a key.
MODES = (Mode.MAJOR, Mode.MINOR)
# What another includes comes before it.
HEADERS = ("plain.hpp", "noise.hpp", "parts.hpp", "band.hpp", "grammar.hpp", "leaning.hpp")
_HALF_NOTE = 48
_ROLES = list(Role)


def constants() -> dict[str, str]:
    """Macros and what they stand for."""
    whole = {
        "PLAYERS": MAX_PLAYERS,
        "POSITIONS": POSITIONS,
        "QUARTER": GRID_PER_QUARTER,
        "COPIES": len(COPY_DISTANCES),
        "FAR": FAR,
        "LATER": len(LATER_DISTANCES),
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
        "DRUMMER": 1 + _ROLES.index(Role.DRUMS),
        "BASSIST": 1 + _ROLES.index(Role.BASS),
        "RHYTHM_PLAYER": 1 + _ROLES.index(Role.RHYTHM),
        "KEYS_PLAYER": 1 + _ROLES.index(Role.KEYS),
    }
    single = {"ENDING_STROKE": leaning.ENDING_STROKE_WEIGHT, "ENDING_LENGTH": leaning.ENDING_LENGTH_WEIGHT}
    texts = {
        "COPY_DISTANCES": ", ".join(map(str, COPY_DISTANCES)),
        "LATER_DISTANCES": ", ".join(map(str, LATER_DISTANCES)),
        "SETTINGS": ", ".join(map(str.upper, SETTINGS)),
        "PRIOR_BLOCKS": repr(busyness.PRIOR_BLOCKS),
    }
    numbers = {name: str(value) for name, value in whole.items()} | {
        name: f"{value!r}f" for name, value in single.items()
    }
    return {f"LNH_{name}": text for name, text in (numbers | texts).items()}
