"""The wire contract of the inference service (HTTP + JSON + server-sent events); no torch here.

POST   /v1/songs                     SongBody -> 202 SongStatus (idempotent by request_id), 4xx/503 ErrorBody
GET    /v1/songs/{id}                -> SongStatus
GET    /v1/songs/{id}/events         -> server-sent events; event: a SongState or `preview`, data: a SongStatus
GET    /v1/songs/{id}/files/{name}   -> the bytes
POST   /v1/songs/{id}/files          FilesBody -> SongStatus: more files of a finished song, made while the call waits
DELETE /v1/songs/{id}                -> SongStatus (cancelled)
GET    /healthz /readyz /metrics /openapi.json

The same request_id again is the same song, unless it failed or was cancelled: then it is tried again with the seed it
had. One request_id for two different songs is refused with 409. Events carry a version as id; a reader that comes back
gets the status of now first, or 204 if it has seen the last one.

A song that is asked for with `preview` may be heard before its mix is done: while it is rendered, `preview` of its
status lists all files it can be shown with, the recording as a quick mix, and such events are called `preview`.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
from inference.music.form import read_form
from inference.music.packed import MAX_PACKED_CHARS
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import (
    MAX_DENSITY,
    MAX_GUIDANCE,
    MAX_PLAYERS,
    MAX_SEED,
    MAX_TAKES,
    MAX_TITLE,
    MIN_DENSITY,
    Player,
    SongSpec,
    Space,
)
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_BARS, MIN_TEMPO


class FileFormat(StrEnum):
    """What a song can be delivered as; the value is the file's extension."""

    MIDI = "mid"
    MP3 = "mp3"
    CARD = "png"


class ExtraFile(StrEnum):
    """What else a song can be had as, made only when it is asked for."""

    FLAC = "flac"
    OGG = "ogg"
    STEMS = "stems"
    MINUS_ONE = "minus-one"
    MUSICXML = "musicxml"
    SCORE = "score"
    PAGES = "pages"
    TAB = "tab"
    CHORDS = "chords"
    VIDEO = "video"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ExtraFile.FLAC: "the recording without loss (.flac)",
    ExtraFile.OGG: "the recording as Ogg Opus (.ogg)",
    ExtraFile.STEMS: "every player alone, as in the mix (.zip)",
    ExtraFile.MINUS_ONE: "practice tracks, each without one player (.mp3)",
    ExtraFile.MUSICXML: "the score for notation programs (.musicxml)",
    ExtraFile.SCORE: "the printed score (.pdf)",
    ExtraFile.PAGES: "the pages of the score as SVG and PNG (.zip)",
    ExtraFile.TAB: "guitars, basses and drums for Guitar Pro (.gp5)",
    ExtraFile.CHORDS: "the chord chart (.png and .txt)",
    ExtraFile.VIDEO: "the piano roll in time with the music (.mp4)",
}
PREVIEW_EVENT = "preview"
FILES_HELP = "files beyond MIDI, MP3 and card: " + "; ".join(f"{one}: {told}" for one, told in _MEANINGS.items())


class SongState(StrEnum):
    QUEUED = "queued"
    COMPOSING = "composing"
    RENDERING = "rendering"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (SongState.DONE, SongState.FAILED, SongState.CANCELLED)


class ErrorCode(StrEnum):
    """Why a request was refused or failed. Every code has a sentence in bot/messages."""

    BAD_REQUEST = "bad_request"
    INVALID_OPTION = "invalid_option"
    UNKNOWN_GENRE = "unknown_genre"
    BAD_RECIPE = "bad_recipe"
    BAD_MIDI = "bad_midi"
    QUEUE_FULL = "queue_full"
    QUOTA_USED = "quota_used"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    SHUTTING_DOWN = "shutting_down"
    DEADLINE_PASSED = "deadline_passed"
    DISK_FULL = "disk_full"
    COMPOSE_FAILED = "compose_failed"
    RENDER_FAILED = "render_failed"
    UNAVAILABLE = "unavailable"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


GenreName = Annotated[str, StringConstraints(max_length=64)]
ShortText = Annotated[str, StringConstraints(max_length=32)]
FormText = Annotated[str, StringConstraints(max_length=200)]


DEFAULT_FILE_MIB = 8.0  # what every chat takes
MAX_FILE_MIB = 4096.0  # on a disk of one's own
MaxFileMib = Annotated[
    float, Field(ge=1, le=MAX_FILE_MIB, description="audio lowers its bit rate to fit; what cannot fit is left out")
]


class BandMember(_Wire):
    """One player: a role and, if wanted, a General MIDI program."""

    role: Role
    program: Annotated[int, Field(ge=0, le=127)] | None = None


class EditBody(_Wire):
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


class SongBody(_Wire):
    """What to compose. `{"genre": "metal"}` alone is enough; the rest is chosen from the genre.

    With `edit` a song that exists is changed; what is not said, the genre included, is then taken from that song.
    """

    genre: GenreName | dict[GenreName, float] | None = Field(
        default=None, examples=["metal", {"metal": 0.7, "jazz": 0.3}], description="required unless there is an edit"
    )
    edit: EditBody | None = None
    request_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    bars: Annotated[int, Field(ge=MIN_BARS, le=MAX_BARS)] | None = None
    key: ShortText | None = Field(default=None, examples=["Em", "F# major"])
    tempo: Annotated[float, Field(ge=MIN_TEMPO, le=MAX_TEMPO)] | None = None
    strict_key: bool = Field(default=False, description="use only notes of the key in what is written")
    meter: ShortText | None = Field(default=None, examples=["4/4", "3/4", "6/8", "2/4", "2/2"])
    band: Annotated[list[BandMember], Field(min_length=1, max_length=MAX_PLAYERS)] | None = None
    density: Annotated[int, Field(ge=MIN_DENSITY, le=MAX_DENSITY)] | None = None
    form: FormText | None = Field(
        default=None, examples=["AABA", "verse chorus verse chorus"], description="sections of a new song"
    )
    title: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    seed_drawn: bool = Field(
        default=False,
        description="the seed was drawn at random, so no particular song is expected: without `takes`, fewer takes"
        " are written while other songs are made or wait; implied when `seed` is left out",
    )
    temperature: Annotated[float, Field(ge=0.1, le=2.0)] = 1.0
    top_p: Annotated[float, Field(ge=0.1, le=1.0)] = 0.98
    guidance: Annotated[float, Field(ge=0.0, le=MAX_GUIDANCE)] = 1.0
    space: Space = Field(
        default=Space.PROBABILITIES,
        description="embedding: first sample a point of the embedding space (or, to vary a song, move it) for each"
        " player and bar, then notes that match it",
    )
    takes: Annotated[int, Field(ge=1, le=MAX_TAKES)] | None = Field(
        default=None,
        description="write so many takes of a new song and keep the best, by obedience and the critic; the"
        " recipe is that one's. Default: the service's number, fewer under load if `seed_drawn`",
    )
    take: Annotated[int, Field(ge=0, lt=MAX_TAKES)] = Field(default=0, description="which take of this seed (replay)")
    touch: dict[ShortText, float] | None = Field(
        default=None, description="sampling biases, from a recipe (replay); default: the genre's"
    )
    drawn_form: FormText | None = Field(
        default=None, description="the sections that the band made up its mind on, as a recipe says them (replay)"
    )
    formats: Annotated[list[FileFormat], Field(min_length=1, max_length=8)] = list(FileFormat)
    files: Annotated[list[ExtraFile], Field(min_length=0, max_length=16, description=FILES_HELP)] = []
    max_file_mib: MaxFileMib = DEFAULT_FILE_MIB
    preview: bool = Field(
        default=False, description="announce a quick mix if the full one takes longer than the service's preview_s"
    )
    asked: Annotated[list[ShortText], Field(min_length=0, max_length=16)] | None = Field(
        default=None, description="which fields a person chose, from a recipe (replay); default: all that are given"
    )
    checkpoint: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        default=None, description="refuse unless this checkpoint is loaded (replay)"
    )
    client: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="opaque id for fair sharing, such as a guild or workspace: clients take turns"
    )
    user: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="opaque id of a person: users take turns within `client`, each with a quota"
    )
    scheduled: bool = Field(default=False, description="not interactive: queue behind all interactive requests")
    deadline_s: Annotated[float, Field(gt=0, le=3600)] = 600.0

    def to_spec(self) -> SongSpec:
        """The spec asked for. Raises InvalidSpec (UnknownGenre comes later, from the catalogue)."""
        weights = {self.genre: 1.0} if isinstance(self.genre, str) else self.genre or {}
        total = sum(weights.values())
        # Weights that sum to 1 already stay as they are to the last bit, so that a recipe's blend replays exactly.
        # Negative ones must not become positive.
        scale = 1.0 if total <= 0 or abs(total - 1) < 1e-9 else 1 / total
        return SongSpec(
            genres=tuple((name, weight * scale) for name, weight in weights.items()),
            bars=self.bars,
            key=None if self.key is None else Key.parse(self.key),
            tempo=self.tempo,
            meter=None if self.meter is None else Meter.parse(self.meter),
            roster=None if self.band is None else tuple(Player.of(member.role, member.program) for member in self.band),
            density=self.density,
            title=self.title,
            strict_key=self.strict_key,
            form=None if self.form is None else read_form(self.form),
            edit=None if self.edit is None else self.edit.to_edit(),
        )


class FilesBody(_Wire):
    """More files of a finished song; those it has already are not made again."""

    files: Annotated[list[ExtraFile], Field(min_length=1, max_length=16, description=FILES_HELP)]
    max_file_mib: MaxFileMib = DEFAULT_FILE_MIB


class SongFile(_Wire):
    """One file of a finished song: `kind` is the FileFormat or ExtraFile it was made for, `url` a path here."""

    name: str
    kind: str = ""
    media_type: str
    size_bytes: int
    url: str


class LeftOut(_Wire):
    """A file that was asked for and could not be made, with the reason in one sentence."""

    file: ExtraFile
    message: str


class ErrorDetail(_Wire):
    code: ErrorCode
    message: str
    retry_after_s: float | None = None


class ErrorBody(_Wire):
    error: ErrorDetail


class Comparison(_Wire):
    """One line of a song's report: what was asked (or chosen by the band) and what the notes measure."""

    name: str
    asked: str | None
    measured: str


class SongStatus(_Wire):
    """Everything known of a request now; also the payload of each event."""

    id: str
    state: SongState
    position: int | None = Field(default=None, description="songs ahead in the queue while queued")
    eta_s: float | None = None
    bars_done: int = 0
    bars: int | None = None
    title: str | None = None
    genre: str | None = None
    seed: int | None = None
    recipe: dict[str, Any] | None = None
    report: list[Comparison] = []
    files: list[SongFile] = []
    preview: list[SongFile] = Field(
        default=[],
        description="while rendering: files to show meanwhile, with a quick mix as the recording; absent when"
        " the song has ended",
    )
    left_out: list[LeftOut] = Field(default=[], description="files asked for that could not be made, and why")
    seconds: dict[str, float] = Field(default={}, description="seconds per stage: queued, composing, rendering")
    error: ErrorDetail | None = None
