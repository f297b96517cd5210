"""A conversation that remembers what it was told."""

from dataclasses import dataclass, field

from bot.domain.song import Progress, Song
from bot.ports import UserError


@dataclass
class FakeReply:
    """`failures` are raised by `song`, first one first; `trouble` is raised by `progress` and `error`."""

    shown: list[Progress] = field(default_factory=list)
    previews: list[Song] = field(default_factory=list)
    songs: list[Song] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    trouble: Exception | None = None

    async def progress(self, progress: Progress) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.shown.append(progress)

    async def preview(self, song: Song) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.previews.append(song)

    async def song(self, song: Song) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.songs.append(song)

    async def error(self, error: UserError) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.errors.append(error)
