"""A band for Discord's tests: the real services over fakes, with songs as large and as slow as a test wants."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from bot.domain.request import SongRequest
from bot.domain.song import Preview, Progress, Song
from inference.api import FileFormat
from tests.fakes.band import BandForTests
from tests.fakes.composer import FakeComposer


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
class Rehearsal(BandForTests):
    """A band whose composer is as slow, and its songs as large, as a test wants."""

    composer: SlowComposer = field(default_factory=SlowComposer)

    async def ring(self) -> None:
        """Lets the time of the next daily song come."""
        await self.clock.turn_to(min(schedule.next_run_utc for schedule in self.schedules.by_id.values()))
