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
from inference.music.pitch import Key
from inference.music.spec import MAX_SEED, Player, SamplingParams, SongSpec, Space

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
class Remix:
    """What a remix makes of a song; what is not said is as the genre has it or, without a genre, as the song has it.

    Args:
        genres: (name, weight) pairs by the catalogue's own names, as in `SongSpec`; empty for the song's own.
        tempo: quarter notes per minute.
        key: where the song is put.
        density: how many notes, as in `SongSpec`.
        band: who plays.
        strict_key: whether no new note may leave the key; None for what the song was asked for with.
        keep: players who stay note for note, as `Song.players` names them or by role.
        strength: how much is written anew, as in `Edit`.
        seed: None for any.
    """

    genres: tuple[tuple[str, float], ...] = ()
    tempo: float | None = None
    key: Key | None = None
    density: int | None = None
    band: tuple[Player, ...] | None = None
    strict_key: bool | None = None
    keep: tuple[str, ...] = ()
    strength: float | None = None
    seed: int | None = None

    @property
    def asked(self) -> tuple[str, ...] | None:
        """The fields of a spec that are asked for where the song tells all others; None where the genre does."""
        said = {"tempo": self.tempo, "key": self.key, "density": self.density, "roster": self.band}
        wishes = tuple(name for name, wish in said.items() if wish is not None)
        return None if self.genres else (*wishes, *(("strict_key",) if self.strict_key else ()))


@dataclass(frozen=True, slots=True)
class SongChange:
    """A change to a delivered song, as a button or menu asks for it.

    Args:
        song: which one.
        operation: what.
        players: as `Song.players` names them; empty for all.
        bars: first and last, counted from 1; None for all.
        add: how many bars longer it becomes; None for as many as usual.
        remix: what a remix makes of it.
    """

    song: RequestId
    operation: Operation
    players: tuple[str, ...] = ()
    bars: tuple[int, int] | None = None
    add: int | None = None
    remix: Remix = Remix()

    @classmethod
    def chosen(cls, song: RequestId, operation: Operation, choice: str = "") -> "SongChange":
        """What a button asks for or, with a `choice` of a player or a genre, a menu under the song."""
        if operation is Operation.REMIX:
            return cls(song, operation, remix=Remix(genres=((choice, 1.0),) if choice else ()))
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
        remix = change.remix
        edit = Edit(
            change.operation,
            base64.b64encode(midi).decode(),
            players=change.players,
            bars=change.bars,
            add=change.add,
            keep=remix.keep,
            strength=remix.strength,
        )
        spec = SongSpec(
            # A remix that names no genre takes from the song what is otherwise the genre's, such as its band.
            genres=remix.genres if change.operation is Operation.REMIX else self.spec.genres,
            key=remix.key,
            tempo=remix.tempo,
            roster=remix.band,
            density=remix.density,
            strict_key=self.spec.strict_key if remix.strict_key is None else remix.strict_key,
            edit=edit,
        )
        return replace(
            self,
            spec=spec,
            sampling=replace(self.sampling, space=Space.PROBABILITIES),
            asked=remix.asked if change.operation is Operation.REMIX else None,
        )

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
