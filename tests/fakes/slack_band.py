"""A band for Slack's tests: the real services on stores and a composer in memory."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from bot import messages
from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import NotFound
from bot.domain.options import SongWishes, build_request
from bot.domain.request import Place, Requester, RequestId, SongRequest
from bot.domain.song import Progress, Song, Stage
from bot.ports import Messenger
from bot.services.band import Band
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.genres import GenreService
from bot.settings import GENRES_FILE
from inference.music.genre import load_catalogue
from tests.fakes.slack_songs import song_of


@dataclass
class ScriptedComposer:
    """Shows three stages, then the song; `asked` are the requests it got."""

    asked: list[SongRequest] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)

    async def compose(self, request: SongRequest) -> AsyncGenerator[Progress | Song, None]:
        self.asked.append(request)
        yield Progress(Stage.QUEUED, position=0)
        if self.fails:
            raise self.fails.pop()
        yield Progress(Stage.COMPOSING, bars_done=1, bars=32)
        yield Progress(Stage.RENDERING)
        yield song_of(request)

    async def cancel(self, id: RequestId) -> None: ...

    async def is_ready(self) -> bool:
        return True


@dataclass
class MemoryStore:
    """Songs, schedules, claims and genre settings; hand it to a second band and that is a restart."""

    requests: dict[RequestId, SongRequest] = field(default_factory=dict)
    finished: dict[RequestId, Song | None] = field(default_factory=dict)
    schedules: dict[ScheduleId, DailySchedule] = field(default_factory=dict)
    claims: set[tuple[ScheduleId, date]] = field(default_factory=set)
    off: set[tuple[str, str, str]] = field(default_factory=set)

    async def accept(self, request: SongRequest) -> bool:
        is_new = request.id not in self.requests
        self.requests.setdefault(request.id, request)
        return is_new

    async def finish(self, id: RequestId, song: Song | None) -> None:
        self.finished[id] = song

    async def request(self, id: RequestId) -> SongRequest:
        if id not in self.requests:
            raise NotFound(what="song")
        return self.requests[id]

    async def pending(self) -> list[SongRequest]:
        return [request for request in self.requests.values() if request.id not in self.finished]

    async def save(self, schedule: DailySchedule) -> None:
        self.schedules[schedule.id] = schedule

    async def remove(self, place: Place) -> bool:
        gone = [schedule for schedule in self.schedules.values() if schedule.place == place]
        for schedule in gone:
            del self.schedules[schedule.id]
        return bool(gone)

    async def get(self, id: ScheduleId) -> DailySchedule:
        if id not in self.schedules:
            raise NotFound(what="schedule")
        return self.schedules[id]

    async def claim(self, id: ScheduleId, day: date) -> bool:
        is_new = (id, day) not in self.claims
        self.claims.add((id, day))
        return is_new

    async def settle(self, id: ScheduleId, day: date, next_run_utc: datetime) -> None:
        self.schedules[id] = replace(self.schedules[id], next_run_utc=next_run_utc)

    async def unsettled(self) -> list[tuple[ScheduleId, date]]:
        return []

    async def list(self, platform: str | None = None, workspace: str | None = None) -> list[DailySchedule]:
        return list(self.schedules.values())

    async def disabled(self, platform: str, workspace: str) -> frozenset[str]:
        return frozenset(genre for place, here, genre in self.off if (place, here) == (platform, workspace))

    async def set_enabled(self, platform: str, workspace: str, genre: str, *, enabled: bool) -> None:
        (self.off.discard if enabled else self.off.add)((platform, workspace, genre))


@dataclass
class StoppedClock:
    """Half past noon on a summer's day until `ring` moves it."""

    instant: datetime = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    calls: dict[str, tuple[datetime, Callable[[], Awaitable[None]]]] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.instant

    def call_at(self, key: str, instant_utc: datetime, action: Callable[[], Awaitable[None]]) -> None:
        self.calls[key] = (instant_utc, action)

    def cancel(self, key: str) -> None:
        self.calls.pop(key, None)

    async def ring(self) -> None:
        """Goes to the next call's instant and makes it."""
        key = min(self.calls, key=lambda name: self.calls[name][0])
        self.instant, action = self.calls.pop(key)
        await action()


@dataclass
class BandForTests:
    """A band with its insides in reach."""

    composer: ScriptedComposer = field(default_factory=ScriptedComposer)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: StoppedClock = field(default_factory=StoppedClock)
    messengers: dict[str, Messenger] = field(default_factory=dict)

    def band(self) -> Band:
        """The services a chat adapter is given."""
        catalogue = load_catalogue(GENRES_FILE)
        genres = GenreService(self.store, catalogue)
        compose = ComposeService(self.composer, self.store, self.store, catalogue)
        poster = DailyPoster(self.store, self.store, compose, genres, self.clock, messages, self.messengers)
        daily = DailyService(self.store, self.store, self.clock, genres, catalogue, poster)
        return Band(compose, genres, daily, catalogue)

    async def leave_pending(self, place: Place) -> None:
        """A request accepted by a process that died."""
        catalogue = load_catalogue(GENRES_FILE)
        person = Requester("U0MEL", "mel")
        request = build_request(
            SongWishes("metal"), id=RequestId("left"), seed=1, place=place, requester=person, catalogue=catalogue
        )
        await self.store.accept(request)
