"""A band for Discord's tests: the real services over stores in memory and a composer that does as it is told."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from bot import messages
from bot.domain.errors import ComposerFailed
from bot.domain.request import RequestId, SongRequest
from bot.domain.song import Progress, Song, SongFile, Stage
from bot.ports import Messenger
from bot.services.band import Band
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.genres import GenreService
from bot.settings import GENRES_FILE
from inference.api import Comparison
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe
from tests.fakes.slack_band import MemoryStore, StoppedClock

CATALOGUE = load_catalogue(GENRES_FILE)


@dataclass
class ObedientComposer:
    """Plays at once, or waits for `release` while `holding`; `asked` are the requests it got."""

    asked: list[SongRequest] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    holding: bool = False
    seconds: float = 0.0
    mp3_bytes: int = 1000
    _gates: dict[RequestId, asyncio.Event] = field(default_factory=dict)
    _cancelled: set[RequestId] = field(default_factory=set)

    async def compose(self, request: SongRequest) -> AsyncGenerator[Progress | Song, None]:
        self.asked.append(request)
        if self.fails:
            raise self.fails.pop()
        yield Progress(Stage.QUEUED, position=0)
        yield Progress(Stage.COMPOSING, bars_done=8, bars=32)
        await self._wait(request.id)
        yield Progress(Stage.RENDERING)
        yield make_song(request, self.mp3_bytes)

    async def cancel(self, id: RequestId) -> None:
        self._cancelled.add(id)
        self.release(id)

    async def is_ready(self) -> bool:
        return True

    def release(self, id: RequestId) -> None:
        """Lets a held song go on."""
        self._gates.setdefault(id, asyncio.Event()).set()

    async def _wait(self, id: RequestId) -> None:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.holding:
            await self._gates.setdefault(id, asyncio.Event()).wait()
        if id in self._cancelled:
            raise ComposerFailed(reason="cancelled")


@dataclass
class Rehearsal:
    """A band with its insides in reach; `band()` again on the same stores is a restart."""

    composer: ObedientComposer = field(default_factory=ObedientComposer)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: StoppedClock = field(default_factory=StoppedClock)
    messengers: dict[str, Messenger] = field(default_factory=dict)

    def band(self) -> Band:
        genres = GenreService(self.store, CATALOGUE)
        compose = ComposeService(self.composer, self.store, self.store, CATALOGUE)
        poster = DailyPoster(self.store, self.store, compose, genres, self.clock, messages, self.messengers)
        daily = DailyService(self.store, self.store, self.clock, genres, CATALOGUE, poster)
        return Band(compose, genres, daily, CATALOGUE)


def make_song(request: SongRequest, mp3_bytes: int = 1000) -> Song:
    """What a composer would have made of the request, with an MP3 of that size."""
    spec = CATALOGUE.complete(request.spec, request.sampling.seed)
    return Song(
        id=request.id,
        title="Ashes of Iron",
        genre=spec.main_genre,
        recipe=Recipe("f" * 64, spec, request.sampling),
        files=(
            SongFile("ashes-of-iron.png", "image/png", b"\x89PNG the picture"),
            SongFile("ashes-of-iron.mp3", "audio/mpeg", b"ID3".ljust(mp3_bytes, b"~")),
            SongFile("ashes-of-iron.mid", "audio/midi", b"MThd the notes"),
        ),
        report=(Comparison(name="tempo", asked="140", measured="140"),),
        seconds={"composing": 1.0},
    )
