"""Edits: operations on an existing song."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from inference.music.errors import InvalidSpec
from inference.music.pitch import Key

MAX_ADDED_BARS = 64
# What an edit does that does not say how much:
ADDED_BARS, CONTINUED_BARS = 8, 16  # EXTEND, CONTINUE
VARY_STRENGTH, REMIX_STRENGTH = 0.3, 1.0
MAX_NAMES = 12
_HALF = 0.5


class Operation(StrEnum):
    """What an edit does.

    CONTINUE keeps every bar and adds more; EXTEND rewrites the last bar too, as a new ending. REPLACE rewrites players,
    bars or both. ACCOMPANY adds the players that the genre's band has and the song lacks. VARY rewrites a share of the
    music and keeps the form; REMIX does the same in another genre, tempo, key or band. BLEND writes a song between two.
    """

    CONTINUE = "continue"
    EXTEND = "extend"
    REPLACE = "replace"
    ACCOMPANY = "accompany"
    VARY = "vary"
    REMIX = "remix"
    BLEND = "blend"


_ADDS = (Operation.CONTINUE, Operation.EXTEND)
_REDRAWS = (Operation.VARY, Operation.REMIX)


@dataclass(frozen=True, slots=True)
class Edit:
    """An operation and the song it edits.

    Args:
        operation: what to do.
        source: the song, as `packed.pack` writes it or a MIDI file in base64.
        key: the song's key; None: estimated from its notes.
        add: bars to add (CONTINUE, EXTEND), 1 to MAX_ADDED_BARS.
        bars: first and last bar to rewrite, counted from 1 at the first bar that sounds; None for all.
        players: who is rewritten (REPLACE, VARY): `lead` for every lead, `lead:2` for the second; empty for all.
        keep: players left unchanged (REMIX; ACCOMPANY keeps everybody).
        strength: chance of each block to be rewritten (VARY, REMIX), above 0 and at most 1; in the embedding
            space how far each point moves (VARY).
        other: the second song (BLEND), in the format of `source`.
        ratio: weight of the second song (BLEND), 0 to 1; None for equal weights.

    Raises:
        InvalidSpec: a value is outside its range or means nothing to the operation.
    """

    operation: Operation
    source: str = field(repr=False)
    key: Key | None = None
    add: int | None = None
    bars: tuple[int, int] | None = None
    players: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    strength: float | None = None
    other: str = field(default="", repr=False)
    ratio: float | None = None

    def __post_init__(self) -> None:
        self._check_meaning()
        if self.add is not None and not 1 <= self.add <= MAX_ADDED_BARS:
            raise InvalidSpec("edit", f"I add 1 to {MAX_ADDED_BARS} bars, not {self.add}")
        if self.bars is not None and self.bars[0] < 1:
            raise InvalidSpec("edit", f"bars are counted from 1, so there are no bars {span(self.bars)}")
        if self.bars is not None and self.bars[0] > self.bars[1]:
            raise InvalidSpec("edit", f"bars go from the first to the last, such as 9-16, not {span(self.bars)}")
        if self.strength is not None and not 0 < self.strength <= 1:
            raise InvalidSpec("edit", f"the strength is a number above 0 and at most 1, not {self.strength:g}")
        if self.ratio is not None and not 0 <= self.ratio <= 1:
            raise InvalidSpec("edit", f"the ratio is a number from 0, the first song, to 1, not {self.ratio:g}")
        if len(self.players) > MAX_NAMES or len(self.keep) > MAX_NAMES:
            raise InvalidSpec("edit", f"name {MAX_NAMES} players at most")

    @property
    def share(self) -> float:
        """Weight of the second song, 0 to 1; 0 without one."""
        if self.operation is not Operation.BLEND:
            return 0.0
        return _HALF if self.ratio is None else self.ratio

    @property
    def is_nearer_to_other(self) -> bool:
        """Whether a blend takes band, form and key from the second song; at equal weights it takes the first one's."""
        return self.share > _HALF

    @property
    def fills(self) -> bool:
        """Whether a range of bars is written next to bars that stay."""
        return self.operation in _ADDS or (self.operation is Operation.REPLACE and self.bars is not None)

    @property
    def joins(self) -> bool:
        """Whether some players are rewritten beside others who stay."""
        return self.operation is Operation.REPLACE and bool(self.players)

    def _check_meaning(self) -> None:
        operation = self.operation
        if self.add is not None and operation not in _ADDS:
            raise InvalidSpec("edit", f"to {operation} adds no bars; extend and continue do")
        if self.bars is not None and operation not in (Operation.REPLACE, Operation.VARY):
            raise InvalidSpec("edit", f"to {operation} takes no range of bars; replace and vary do")
        if self.players and operation not in (Operation.REPLACE, Operation.VARY):
            raise InvalidSpec("edit", f"to {operation} names no players to write anew; replace and vary do")
        if operation is Operation.REPLACE and not self.players and self.bars is None:
            raise InvalidSpec("edit", "say what to replace: players such as lead, bars such as 9-16, or both")
        if self.keep and operation is not Operation.REMIX:
            raise InvalidSpec("edit", f"to {operation} takes no players to keep; remix does")
        if self.strength is not None and operation not in _REDRAWS:
            raise InvalidSpec("edit", f"to {operation} has no strength; vary and remix do")
        if (self.other or self.ratio is not None) and operation is not Operation.BLEND:
            raise InvalidSpec("edit", f"to {operation} takes one song; blend takes two and a ratio")
        if operation is Operation.BLEND and not self.other:
            raise InvalidSpec("edit", "a blend needs a second song")


def player_names(roles: Iterable[str]) -> tuple[str, ...]:
    """The name of each player in an edit: `lead`, or `lead:1` and `lead:2` where two players share a role."""
    band = [str(role) for role in roles]
    return tuple(
        role if band.count(role) == 1 else f"{role}:{band[: place + 1].count(role)}" for place, role in enumerate(band)
    )


def span(bars: tuple[int, int]) -> str:
    """`9-16`, or `9` for one bar."""
    first, last = bars
    return f"{first}" if first == last else f"{first}-{last}"


def read_span(text: str) -> tuple[int, int]:
    """Reads `9-16` or `9`. Raises InvalidSpec."""
    first, dash, last = text.strip().replace("–", "-").partition("-")
    numbers = (first.strip(), last.strip() if dash else first.strip())
    if not all(number.isdecimal() and len(number) <= 4 for number in numbers):
        raise InvalidSpec("edit", f"“{text[:40]}” is no range of bars; write one such as 9-16")
    return int(numbers[0]), int(numbers[1])


def read_names(text: str) -> tuple[str, ...]:
    """Reads `drums,bass`, also split by spaces or +."""
    return tuple(dict.fromkeys(text.casefold().replace(",", " ").replace("+", " ").split()))
