"""An arrangement: a song as blocks on a grid, between a score and its token steps. Pitches are sounding pitches."""

from dataclasses import dataclass

from inference.music.pitch import Key
from inference.music.score import Meter
from inference.music.spec import Player
from inference.tokens.block import Block

COMMON_TIME = Meter(4, 4)
Row = tuple[Block | None, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a song is conditioned on.

    Args:
        genres: (name, weight) pairs; empty when unknown.
        players: the roster, in the order of the slots.
        bars: number of bars that follow.
        tempo: quarters per minute.
        key: or None when unknown.
        density: 1..8, or None when unknown.
        meter: of every bar.
        opens, closes: whether the bars include the song's first and last.
        free_order: whether a bar's blocks may come in any order (drums first otherwise).
        ahead: how many of the last bars are known, and so written, before all others.
    """

    genres: tuple[tuple[str, float], ...]
    players: tuple[Player, ...]
    bars: int
    tempo: float
    key: Key | None
    density: int | None
    meter: Meter = COMMON_TIME
    opens: bool = True
    closes: bool = True
    free_order: bool = False
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A header and one row of blocks a bar; `None` rests."""

    header: Header
    rows: tuple[Row, ...]
