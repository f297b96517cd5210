"""The wire contract of the inference service (HTTP + JSON + server-sent events); no torch here.

POST   /v1/songs                     SongBody -> 202 SongStatus (idempotent by request_id), 4xx/503 ErrorBody
GET    /v1/songs/{id}                -> SongStatus
GET    /v1/songs/{id}/events         -> server-sent events; event: a SongState, data: a SongStatus
GET    /v1/songs/{id}/files/{name}   -> the bytes
DELETE /v1/songs/{id}                -> SongStatus (cancelled)
GET    /healthz /readyz /metrics /openapi.json

The same request_id again is the same song, unless it failed or was cancelled: then it is tried again with the seed it
had. One request_id for two different songs is refused with 409. Events carry a version as id; a reader that comes back
gets the status of now first, or 204 if it has seen the last one.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import MAX_DENSITY, MAX_GUIDANCE, MAX_PLAYERS, MAX_SEED, MIN_DENSITY, Player, SongSpec
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_BARS, MIN_TEMPO


class FileFormat(StrEnum):
    """What a song can be delivered as; the value is the file's extension."""

    MIDI = "mid"
    MP3 = "mp3"
    CARD = "png"


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


class BandMember(_Wire):
    """One player: a role and, if wanted, a General MIDI program."""

    role: Role
    program: Annotated[int, Field(ge=0, le=127)] | None = None


class SongBody(_Wire):
    """What to compose. `{"genre": "metal"}` alone is enough; the rest is chosen from the genre."""

    genre: GenreName | dict[GenreName, float] = Field(examples=["metal", {"metal": 0.7, "jazz": 0.3}])
    request_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    bars: Annotated[int, Field(ge=MIN_BARS, le=MAX_BARS)] | None = None
    key: ShortText | None = Field(default=None, examples=["Em", "F# major"])
    tempo: Annotated[float, Field(ge=MIN_TEMPO, le=MAX_TEMPO)] | None = None
    meter: ShortText | None = Field(default=None, examples=["4/4"])
    band: Annotated[list[BandMember], Field(min_length=1, max_length=MAX_PLAYERS)] | None = None
    density: Annotated[int, Field(ge=MIN_DENSITY, le=MAX_DENSITY)] | None = None
    title: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    temperature: Annotated[float, Field(ge=0.1, le=2.0)] = 1.0
    top_p: Annotated[float, Field(ge=0.1, le=1.0)] = 0.98
    formats: Annotated[list[FileFormat], Field(min_length=1, max_length=8)] = list(FileFormat)
    checkpoint: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        default=None, description="refuse unless this checkpoint is loaded (replay)"
    )
    client: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="opaque, for fair sharing"
    )
    scheduled: bool = Field(default=False, description="behind interactive requests in the queue")
    deadline_s: Annotated[float, Field(gt=0, le=3600)] = 600.0

    def to_spec(self) -> SongSpec:
        """The spec asked for. Raises InvalidSpec (UnknownGenre comes later, from the catalogue)."""
        weights = {self.genre: 1.0} if isinstance(self.genre, str) else self.genre
        total = sum(weights.values()) or 1.0
        # Weights that sum to 1 already stay as they are to the last bit, so that a recipe's blend replays exactly.
        scale = 1.0 if abs(total - 1) < 1e-9 else 1 / total
        return SongSpec(
            genres=tuple((name, weight * scale) for name, weight in weights.items()),
            bars=self.bars,
            key=None if self.key is None else Key.parse(self.key),
            tempo=self.tempo,
            meter=None if self.meter is None else Meter.parse(self.meter),
            roster=None if self.band is None else tuple(Player.of(member.role, member.program) for member in self.band),
            density=self.density,
            title=self.title,
        )


class SongFile(_Wire):
    """One file of a finished song; `url` is a path on this service."""

    name: str
    media_type: str
    size_bytes: int
    url: str


class ErrorDetail(_Wire):
    code: ErrorCode
    message: str
    retry_after_s: float | None = None
    guidance: Annotated[float, Field(ge=0.0, le=MAX_GUIDANCE)] = 1.0


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
    seconds: dict[str, float] = Field(default={}, description="seconds per stage: queued, composing, rendering")
    error: ErrorDetail | None = None
