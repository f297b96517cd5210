"""A finished song, and how far an unfinished one is."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.request import RequestId
from inference.api import Comparison, FileFormat
from inference.music.recipe import Recipe


@dataclass(frozen=True, slots=True)
class SongFile:
    """One file in memory (a few MiB at most)."""

    name: str
    media_type: str
    content: bytes

    @property
    def format(self) -> FileFormat:
        return FileFormat(self.name.rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class Song:
    """A song as delivered. `id` equals the request's id; `seconds` maps stage to its duration."""

    id: RequestId
    title: str
    genre: str
    recipe: Recipe
    files: tuple[SongFile, ...]
    report: tuple[Comparison, ...]
    seconds: dict[str, float]

    def file(self, format: FileFormat) -> SongFile | None:
        return next((file for file in self.files if file.format is format), None)


class Stage(StrEnum):
    QUEUED = "queued"
    COMPOSING = "composing"
    RENDERING = "rendering"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request is. `position` songs are ahead of it while queued; bars count while composing."""

    stage: Stage
    position: int | None = None
    eta_s: float | None = None
    bars_done: int = 0
    bars: int | None = None
