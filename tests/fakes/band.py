"""A band for the adapters' tests: the real services on stores, composer and clock in memory."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot import messages
from bot.ports import Messenger
from bot.services.band import Band
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.files import FilesService
from bot.services.genres import GenreService
from bot.services.privacy import PrivacyService
from tests.fakes.clock import FakeClock
from tests.fakes.composer import FakeComposer
from tests.fakes.songs import CATALOGUE
from tests.fakes.storage import (
    FakeAnswers,
    FakeGenreSettings,
    FakeHeard,
    FakeInstallations,
    FakeRecords,
    FakeSchedules,
    FakeSongs,
)


@dataclass
class BandForTests:
    """A band with its insides in reach; another one with the same songs is a restart."""

    composer: FakeComposer = field(default_factory=FakeComposer)
    songs: FakeSongs = field(default_factory=FakeSongs)
    schedules: FakeSchedules = field(default_factory=FakeSchedules)
    genres: FakeGenreSettings = field(default_factory=FakeGenreSettings)
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    heard: FakeHeard = field(default_factory=FakeHeard)
    records: FakeRecords = field(default_factory=FakeRecords)
    installations: FakeInstallations = field(default_factory=FakeInstallations)
    clock: FakeClock = field(default_factory=FakeClock)
    messengers: dict[str, Messenger] = field(default_factory=dict)

    def band(self) -> Band:
        """The services a chat adapter is given."""
        claims, clock = self.schedules, self.clock
        genres = GenreService(self.genres, CATALOGUE)
        compose = ComposeService(self.composer, self.songs, self.genres, CATALOGUE)
        poster = DailyPoster(self.schedules, claims, compose, genres, clock, messages, self.messengers)
        daily = DailyService(self.schedules, claims, clock, genres, CATALOGUE, poster)
        files = FilesService(self.composer, self.songs)
        answers, heard, privacy = self.answers, self.heard, PrivacyService(self.records)
        return Band(compose, files, genres, daily, CATALOGUE, answers, heard, privacy, self.installations)

    async def next_day(self) -> None:
        """A day passes, and what is due in it happens."""
        await self.clock.pass_time(timedelta(days=1))
