"""A band for Discord's tests: the real services over fakes, with songs as large and as slow as a test wants."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from bot import messages
from bot.domain.request import SongRequest
from bot.domain.song import Preview, Progress, Song
from bot.ports import Messenger
from bot.services.band import Band
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.files import FilesService
from bot.services.genres import GenreService
from inference.api import FileFormat
from tests.fakes.clock import FakeClock
from tests.fakes.composer import FakeComposer
from tests.fakes.songs import CATALOGUE
from tests.fakes.storage import FakeAnswers, FakeGenreSettings, FakeHeard, FakeSchedules, FakeSongs


@dataclass
class SlowComposer(FakeComposer):
    """A composer whose songs take `seconds` more and have an MP3 of `mp3_bytes`."""

    seconds: float = 0.0
    mp3_bytes: int = 1000

    async def compose(self, request: SongRequest) -> AsyncGenerator[Progress | Preview | Song, None]:
        async with aclosing(super().compose(request)) as items:
            async for item in items:
                if isinstance(item, Song):
                    yield self._sized(item)
                else:
                    yield item
                    await asyncio.sleep(self.seconds)

    def _sized(self, song: Song) -> Song:
        files = tuple(
            replace(file, content=file.content.ljust(self.mp3_bytes, b"~")) if file.format is FileFormat.MP3 else file
            for file in song.files
        )
        return replace(song, files=files)


@dataclass
class Rehearsal:
    """A band with its insides in reach; `band()` again on the same stores is a restart."""

    composer: SlowComposer = field(default_factory=SlowComposer)
    songs: FakeSongs = field(default_factory=FakeSongs)
    schedules: FakeSchedules = field(default_factory=FakeSchedules)
    genres: FakeGenreSettings = field(default_factory=FakeGenreSettings)
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    heard: FakeHeard = field(default_factory=FakeHeard)
    clock: FakeClock = field(default_factory=FakeClock)
    messengers: dict[str, Messenger] = field(default_factory=dict)

    def band(self) -> Band:
        genres = GenreService(self.genres, CATALOGUE)
        compose = ComposeService(self.composer, self.songs, self.genres, CATALOGUE)
        poster = DailyPoster(self.schedules, self.schedules, compose, genres, self.clock, messages, self.messengers)
        daily = DailyService(self.schedules, self.schedules, self.clock, genres, CATALOGUE, poster)
        files = FilesService(self.composer, self.songs)
        return Band(compose, files, genres, daily, CATALOGUE, self.answers, self.heard)

    async def ring(self) -> None:
        """Lets the time of the next daily song come."""
        await self.clock.turn_to(min(schedule.next_run_utc for schedule in self.schedules.by_id.values()))
