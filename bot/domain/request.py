"""The one request type behind every command, button, schedule and platform."""

import base64
import hashlib
import random
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from inference.api import DEFAULT_FILE_MIB, ExtraFile, FileFormat
from inference.music.edit import Edit, Operation
from inference.music.spec import MAX_SEED, SamplingParams, SongSpec, Space

RequestId = NewType("RequestId", str)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what inference.api.SongBody takes, and short enough for any button
ALL_FORMATS = (FileFormat.CARD, FileFormat.MP3, FileFormat.MIDI)


def request_id(*parts: str) -> RequestId:
    """The id of what `parts` name (platform, event id, ...): the same click delivered twice gets the same id."""
    plain = "-".join(parts)
    if _ID.fullmatch(plain) is not None:
        return RequestId(plain)
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return RequestId(f"{re.sub('[^A-Za-z0-9]', '', parts[0])[:16]}-{digest}" if parts else digest)


def draw_seed() -> int:
    """A random seed, 0..MAX_SEED."""
    return random.SystemRandom().randint(0, MAX_SEED)


class Priority(StrEnum):
    INTERACTIVE = "interactive"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a song belongs. All ids are opaque strings of the platform; `workspace` is a guild, team or `local`."""

    platform: str
    workspace: str
    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked. `locale` is a BCP 47 tag such as `en-US`."""

    id: str
    name: str
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class SongChange:
    """A change to a delivered song, as a button or menu asks for it.

    Args:
        song: which one.
        operation: what.
        players: as `Song.players` names them; empty for all.
        bars: first and last, counted from 1; None for all.
        genre: what it becomes in a remix, by the catalogue's own name; None for what it is.
        add: how many bars longer it becomes; None for as many as usual.
    """

    song: RequestId
    operation: Operation
    players: tuple[str, ...] = ()
    bars: tuple[int, int] | None = None
    genre: str | None = None
    add: int | None = None

    @classmethod
    def chosen(cls, song: RequestId, operation: Operation, choice: str = "") -> "SongChange":
        """What a button asks for or, with a `choice` of a player or a genre, a menu under the song."""
        if operation is Operation.REMIX:
            return cls(song, operation, genre=choice or None)
        return cls(song, operation, players=(choice,) if choice else ())


@dataclass(frozen=True, slots=True)
class SongRequest:
    """A song asked for; valid by construction. `id` is idempotency key and trace id from click to engine log.

    With a `checkpoint` it is that model's song or none. With `preview` the composer may announce a quick mix first.

    `asked` are the fields that a person chose where the spec says more than that, as in a replay; None: all it says. Of
    `takes` songs, 1 to MAX_TAKES, the service keeps the best; None: as many as it likes. `seed_drawn` tells that nobody
    chose the seed, so that it may write fewer while others wait.

    Raises:
        ValueError: the id is none that `request_id` could have made.
    """

    id: RequestId
    spec: SongSpec
    sampling: SamplingParams
    place: Place
    requester: Requester
    formats: tuple[FileFormat, ...] = ALL_FORMATS
    priority: Priority = Priority.INTERACTIVE
    deadline_s: float = 600.0
    files: tuple[ExtraFile, ...] = ()
    max_file_mib: float = DEFAULT_FILE_MIB
    asked: tuple[str, ...] | None = None
    takes: int | None = None
    preview: bool = False
    checkpoint: str | None = None
    seed_drawn: bool = False

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError(f"“{self.id}” is no request id; make one with request_id()")

    def changed(self, change: SongChange, midi: bytes) -> "SongRequest":
        """The wish to change this request's song, whose notes are `midi`; id, seed and people stay to be replaced.

        A change works on the notes, wherever the song itself was drawn from.

        Raises:
            InvalidSpec: the change means nothing.
        """
        notes = base64.b64encode(midi).decode()
        edit = Edit(change.operation, notes, players=change.players, bars=change.bars, add=change.add)
        genres = self.spec.genres if change.genre is None else ((change.genre, 1.0),)
        spec = SongSpec(genres, strict_key=self.spec.strict_key, edit=edit)
        return replace(self, spec=spec, sampling=replace(self.sampling, space=Space.PROBABILITIES))

    def another(self, id: RequestId, seed: int, requester: Requester) -> "SongRequest":
        """The same wishes with another seed, asked by `requester`."""
        return replace(
            self,
            id=id,
            sampling=replace(self.sampling, seed=seed),
            requester=requester,
            priority=Priority.INTERACTIVE,
            seed_drawn=True,
        )
