"""A finished song, and how far an unfinished one is."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.request import RequestId
from inference.api import Comparison, FileFormat, LeftOut
from inference.music.edit import player_names
from inference.music.recipe import Recipe


@dataclass(frozen=True, slots=True)
class SongFile:
    """One file in memory (a few MiB at most). `kind` is what it was made for; a usual file's extension says it too."""

    name: str
    media_type: str
    content: bytes
    kind: str = ""

    @property
    def format(self) -> FileFormat | None:
        """Which of the usual files it is, None for any other."""
        kind = self.kind or self.name.rpartition(".")[2]
        return FileFormat(kind) if kind in list(FileFormat) else None


@dataclass(frozen=True, slots=True)
class Song:
    """A song as delivered. `id` equals the request's id; `seconds` maps stage to its duration.

    `left_out` are files that were asked for and could not be made; `remixes` are genres, by name and title, that it
    could be played in as well where it is delivered.
    """

    id: RequestId
    title: str
    genre: str
    recipe: Recipe
    files: tuple[SongFile, ...]
    report: tuple[Comparison, ...]
    seconds: dict[str, float]
    left_out: tuple[LeftOut, ...] = ()
    remixes: tuple[tuple[str, str], ...] = ()

    @property
    def players(self) -> tuple[str, ...]:
        """Everybody in the band, as a change of the song names them."""
        return player_names(player.role for player in self.recipe.spec.roster or ())

    def file(self, format: FileFormat) -> SongFile | None:
        return next((file for file in self.files if file.format is format), None)


@dataclass(frozen=True, slots=True)
class Preview:
    """The song with a quick mix as its recording; the full song follows."""

    song: Song


@dataclass(frozen=True, slots=True)
class Delivered:
    """What is stored of a delivered song; `midi` is its MIDI file, if that was among its files."""

    title: str
    recipe: Recipe
    midi: bytes | None


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
