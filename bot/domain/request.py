"""The one request type behind every command, button, schedule and platform."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from inference.api import FileFormat
from inference.music.spec import SamplingParams, SongSpec

RequestId = NewType("RequestId", str)
ALL_FORMATS = (FileFormat.CARD, FileFormat.MP3, FileFormat.MIDI)


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
class SongRequest:
    """A song asked for; valid by construction. `id` is idempotency key and trace id from click to engine log."""

    id: RequestId
    spec: SongSpec
    sampling: SamplingParams
    place: Place
    requester: Requester
    formats: tuple[FileFormat, ...] = ALL_FORMATS
    priority: Priority = Priority.INTERACTIVE
    deadline_s: float = 600.0

    def another(self, id: RequestId, seed: int, requester: Requester) -> "SongRequest":
        """The same wishes with another seed, asked by `requester`."""
        return replace(
            self, id=id, sampling=replace(self.sampling, seed=seed), requester=requester, priority=Priority.INTERACTIVE
        )
