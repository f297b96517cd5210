"""How far a song is, or why there is none."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from inference.api.files import LeftOut, SongFile
from inference.api.wire import Wire

PREVIEW_EVENT = "preview"


class SongState(StrEnum):
    """Where a song is on its way; the last three are its end."""

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


class ErrorDetail(Wire):
    """Why a request was refused or failed: one sentence, and the seconds after which to ask again if that helps."""

    code: ErrorCode
    message: str
    retry_after_s: float | None = None


class ErrorBody(Wire):
    """The answer to a request that was refused."""

    error: ErrorDetail


class Comparison(Wire):
    """One line of a song's report: what was asked (or chosen by the band) and what the notes measure."""

    name: str
    asked: str | None
    measured: str


class SongStatus(Wire):
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
    report: list[Comparison] = Field(default=[])
    files: list[SongFile] = Field(default=[])
    preview: list[SongFile] = Field(
        default=[],
        description="while rendering: files to show meanwhile, with a quick mix as the recording; absent when"
        " the song has ended",
    )
    left_out: list[LeftOut] = Field(default=[], description="files asked for that could not be made, and why")
    seconds: dict[str, float] = Field(default={}, description="seconds per stage: queued, composing, rendering")
    error: ErrorDetail | None = None
