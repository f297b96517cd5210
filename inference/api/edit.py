"""An edit of an existing song as a request says it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from inference.api.wire import ShortText, Wire
from inference.music.edit import (
    ADDED_BARS,
    CONTINUED_BARS,
    MAX_NAMES,
    REMIX_STRENGTH,
    VARY_STRENGTH,
    Edit,
    Operation,
    read_span,
)
from inference.music.errors import InvalidSpec
from inference.music.packed import MAX_PACKED_CHARS
from inference.music.pitch import Key


class EditBody(Wire):
    """An edit of an existing song. Players are roles, or `lead:2` for the second of a role."""

    operation: Operation
    midi: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PACKED_CHARS)] = Field(
        description="a MIDI file in base64, or the source text of a recipe's edit"
    )
    bars: ShortText | None = Field(
        default=None,
        description=f"continue, extend: how many to add (default {CONTINUED_BARS}, {ADDED_BARS});"
        " replace, vary: which ones, from 1",
        examples=["8", "9-16"],
    )
    players: Annotated[list[ShortText], Field(min_length=0, max_length=MAX_NAMES)] = Field(
        default=[], description="replace, vary: players to rewrite; default: all"
    )
    keep: Annotated[list[ShortText], Field(min_length=0, max_length=MAX_NAMES)] = Field(
        default=[], description="remix: players to leave unchanged"
    )
    strength: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description=f"vary, remix: share of the music to rewrite (default {VARY_STRENGTH:g}, {REMIX_STRENGTH:g});"
        " vary in the embedding space: how far to move",
    )
    other: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PACKED_CHARS)] | None = Field(
        default=None, description="blend: the second song, as `midi`"
    )
    ratio: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="blend: weight of the second song (default 0.5)"
    )
    key: ShortText | None = Field(default=None, description="key the song is in; default: estimated from its notes")

    def to_edit(self) -> Edit:
        """Raises InvalidSpec."""
        adds = self.operation in (Operation.CONTINUE, Operation.EXTEND)
        span = None if self.bars is None else read_span(self.bars)
        if adds and span is not None and span[0] != span[1]:
            raise InvalidSpec("edit", f"to {self.operation} a song, say how many bars to add, such as 8")
        return Edit(
            operation=self.operation,
            source=self.midi,
            key=None if self.key is None else Key.parse(self.key),
            add=span[0] if adds and span is not None else None,
            bars=None if adds else span,
            players=tuple(name.casefold() for name in self.players),
            keep=tuple(name.casefold() for name in self.keep),
            strength=self.strength,
            other=self.other or "",
            ratio=self.ratio,
        )

    @classmethod
    def of(cls, edit: Edit) -> "EditBody":
        """The same edit as a request body."""
        bars = None if edit.bars is None else f"{edit.bars[0]}-{edit.bars[1]}"
        return cls(
            operation=edit.operation,
            midi=edit.source,
            bars=bars if edit.add is None else str(edit.add),
            players=list(edit.players),
            keep=list(edit.keep),
            strength=edit.strength,
            other=edit.other or None,
            ratio=edit.ratio,
            key=None if edit.key is None else str(edit.key),
        )
