"""Units of musical time.

A *tick* is the smallest time of a file (`PPQ` ticks a quarter); a *grid step* is the smallest time the
composer writes (`GRID_PER_QUARTER` a quarter, which holds 32nds and triplets alike).
"""

PPQ = 480
GRID_PER_QUARTER = 24
TICKS_PER_GRID = PPQ // GRID_PER_QUARTER

MIN_TEMPO, MAX_TEMPO = 40.0, 260.0
MIN_BARS, MAX_BARS = 4, 64
MAX_EDITED_BARS = 256


def seconds_per_tick(tempo: float) -> float:
    """Length of one tick in seconds at `tempo` quarters per minute."""
    return 60.0 / tempo / PPQ
