"""The world of a daily song in memory: a clock to turn, a platform, storage and a composer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from bot import messages
from bot.domain.daily import DailySchedule
from bot.domain.daily_text import DailyWish
from bot.domain.weekdays import EVERY_DAY, Weekdays
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.genres import GenreService
from tests.fakes.clock import FakeClock
from tests.fakes.composer import FakeComposer
from tests.fakes.messenger import FakeMessenger
from tests.fakes.songs import CATALOGUE, MEL, PLACE
from tests.fakes.storage import FakeClaims, FakeGenreSettings, FakeSchedules, FakeSongs

AT = time(18, 30)
BERLIN = "Europe/Berlin"
DUE = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Station:
    """The world of a daily song; `restart` is a new process on the same storage and platform."""

    clock: FakeClock = field(default_factory=FakeClock)
    composer: FakeComposer = field(default_factory=FakeComposer)
    songs: FakeSongs = field(default_factory=FakeSongs)
    schedules: FakeSchedules = field(default_factory=FakeSchedules)
    off: FakeGenreSettings = field(default_factory=FakeGenreSettings)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)
    is_connected: bool = True
    processes: int = 0

    def __post_init__(self) -> None:
        self.daily = self.process()

    def process(self) -> DailyService:
        genres = GenreService(self.off, CATALOGUE)
        compose = ComposeService(self.composer, self.songs, self.off, CATALOGUE)
        messengers = {"discord": self.messenger} if self.is_connected else {}
        self.processes += 1
        claims = FakeClaims(self.schedules, str(self.processes))
        poster = DailyPoster(self.schedules, claims, compose, genres, self.clock, messages, messengers)
        return DailyService(self.schedules, claims, self.clock, genres, CATALOGUE, poster)

    async def restart(self, at: datetime | None = None) -> None:
        self.clock.calls.clear()
        self.schedules.dead.update(map(str, range(1, self.processes + 1)))
        if at is not None:
            self.clock.instant = at
        self.daily = self.process()
        await self.daily.start()
        await self.clock.pass_time()

    async def set_up(
        self, *genres: str, at: time = AT, zone: str = BERLIN, days: Weekdays = EVERY_DAY
    ) -> DailySchedule:
        return await self.daily.set(PLACE, DailyWish(at, zone, genres, days), MEL)

    @asynccontextmanager
    async def on_its_way(self, schedule: DailySchedule) -> AsyncIterator[None]:
        """It is due and is being composed in this context; afterwards it is posted."""
        self.composer.gate.clear()
        self.clock.instant = schedule.next_run_utc
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.daily.run(schedule.id))
            await self.composer.composing.wait()
            yield
            self.composer.gate.set()

    @property
    def notes(self) -> list[str | None]:
        return [note for _, _, note in self.messenger.posts]

    async def only(self) -> DailySchedule:
        (schedule,) = await self.schedules.list()
        return schedule
