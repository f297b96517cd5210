"""The vocabulary of the band code.

A song is a prefix (one `START` step, one step a player) and then, for every bar, a `BAR` step and a block for each
player that plays. A *step* has five fields; a field that means nothing there is `NONE`.

    step            head        value              shape   duration  velocity
    START           NONE        NONE               NONE    NONE      NONE
    player s        TRACK+s     NONE               NONE    NONE      NONE
    bar             BAR         NEW|MIXED|op       NONE    NONE      NONE
    block of s      TRACK+s     NEW|op             NONE    NONE      NONE
    pitched hit     POSITION+p  PITCH+lowest       shape   class     bin
    drum hit        POSITION+p  DRUM_SET+set       NONE    NONE      bin
    end             END         NONE               NONE    NONE      NONE

`op` repeats: COPY+i is the content COPY_DISTANCES[i] bars ago, RIFF+r the r-th most recently played distinct content
(of that player, or of the whole band for a bar). A repeating bar has no blocks; a player without a block rests; NEW
is followed by blocks or hits, MIXED by blocks of which some repeat. A *hit* is the notes one player starts together:
a lowest pitch and a chord shape, or a set of drum lanes. Positions are grid steps from the bar line.
"""

from bisect import bisect_left
from typing import NamedTuple

from inference.music.spec import MAX_PLAYERS
from inference.music.units import GRID_PER_QUARTER
from inference.tokens.tables import CHORD_SHAPES, DRUM_SETS

NONE = 0

END, BAR, TRACK = 1, 2, 3
POSITION = TRACK + MAX_PLAYERS
POSITIONS = 4 * GRID_PER_QUARTER
HEADS = POSITION + POSITIONS

COPY_DISTANCES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
RIFFS = 32
NEW, MIXED, COPY = 1, 2, 3
RIFF = COPY + len(COPY_DISTANCES)
PITCH = RIFF + RIFFS
DRUM_SET = PITCH + 128
VALUES = DRUM_SET + len(DRUM_SETS)

SHAPES = 1 + len(CHORD_SHAPES)

# Grid steps; a quarter is 24. Long notes cross bar lines.
DURATION_GRIDS = (
    *(1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 18, 20, 22, 24),
    *(30, 32, 36, 42, 48, 56, 64, 72, 84, 96, 120, 144, 192, 240, 288, 384),
)
DURATIONS = 1 + len(DURATION_GRIDS)
DRUM_DURATION_GRID = 6

VELOCITY_LEVELS = (20, 40, 55, 70, 82, 95, 108, 122)
VELOCITIES = 1 + len(VELOCITY_LEVELS)

FIELD_SIZES = (HEADS, VALUES, SHAPES, DURATIONS, VELOCITIES)
HEAD_FIELD, VALUE_FIELD, SHAPE_FIELD, DURATION_FIELD, VELOCITY_FIELD = range(5)


class Step(NamedTuple):
    """One step; every field is an index below its FIELD_SIZES entry."""

    head: int
    value: int = NONE
    shape: int = NONE
    duration: int = NONE
    velocity: int = NONE

    @property
    def is_hit(self) -> bool:
        return self.head >= POSITION

    @property
    def position(self) -> int:
        """Grid steps from the bar line; hits only."""
        return self.head - POSITION

    @property
    def slot(self) -> int:
        """The player's place in the roster; TRACK steps only."""
        return self.head - TRACK

    @property
    def is_track(self) -> bool:
        return TRACK <= self.head < POSITION


START = Step(NONE)


def repeats(value: int) -> bool:
    """Whether a BAR or TRACK value brings earlier content back."""
    return COPY <= value < PITCH


def duration_class(grids: int) -> int:
    """The class (1..32) nearest to a length in grid steps, by ratio."""
    index = bisect_left(DURATION_GRIDS, grids)
    if index == 0:
        return 1
    if index == len(DURATION_GRIDS):
        return index
    below, above = DURATION_GRIDS[index - 1], DURATION_GRIDS[index]
    return index if grids * grids < below * above else index + 1


def velocity_bin(velocity: int) -> int:
    """The bin (1..8) whose level is nearest to a MIDI velocity."""
    return 1 + min(range(len(VELOCITY_LEVELS)), key=lambda index: abs(VELOCITY_LEVELS[index] - velocity))
