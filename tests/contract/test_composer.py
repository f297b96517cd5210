"""The port Composer, kept by its fake and by the HTTP client, before a small service and before the real one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from adapters.composer import HttpComposer, Patience
from bot.domain.errors import Busy, ComposerFailed
from bot.domain.request import RequestId
from bot.domain.song import Progress, Song, Stage
from bot.ports import Composer
from inference.api import ErrorCode, FileFormat, SongState
from inference.server.app import SERVICE, create_app
from inference.server.limits import ServerLimits
from inference.server.producer import Studio as MusicStudio
from tests.fakes.composer import FakeComposer
from tests.fakes.composer_service import FakeService
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.songs import CATALOGUE, request_for

PATIENCE = Patience(retry_s=5, restart_s=5)


@dataclass
class Studio:
    """A composer whose songs stay in composing until `release`."""

    composer: Composer
    release: Callable[[], None]
    make_busy: Callable[[], Awaitable[None]]
    is_cancelled: Callable[[str], bool]


@asynccontextmanager
async def fake_studio() -> AsyncIterator[Studio]:
    composer = FakeComposer()
    composer.gate.clear()

    async def make_busy() -> None:
        composer.failures.append(Busy(retry_after_s=40))

    yield Studio(composer, composer.gate.set, make_busy, lambda song: song in composer.cancelled)


@asynccontextmanager
async def small_studio() -> AsyncIterator[Studio]:
    service = FakeService()
    service.gate.clear()

    async def make_busy() -> None:
        service.refuse(ErrorCode.QUEUE_FULL, 429, 40)

    async with service.serve() as url, HttpComposer(url, PATIENCE) as composer:
        yield Studio(composer, service.gate.set, make_busy, lambda song: song in service.deleted)


@asynccontextmanager
async def real_studio(folder: Path) -> AsyncIterator[Studio]:
    engine = FakeEngine(slots=1)
    limits = ServerLimits(max_waiting=0, grace_s=0.01, linger_s=0)
    app = create_app(MusicStudio(engine, FakeRenderer(), CATALOGUE), limits, folder)

    def is_cancelled(id: str) -> bool:
        entry = app[SERVICE].register.get(id)
        return entry is not None and entry.feed.state is SongState.CANCELLED

    async with (
        TestServer(app, host="127.0.0.1") as server,
        HttpComposer(str(server.make_url("/")), PATIENCE) as composer,
        aclosing(composer.compose(request_for("other"))) as other,
    ):

        async def make_busy() -> None:
            await anext(other)

        yield Studio(composer, engine.play_on, make_busy, is_cancelled)


def studio_of(kind: str, folder: Path) -> AbstractAsyncContextManager[Studio]:
    if kind == "fake":
        return fake_studio()
    return small_studio() if kind == "small service" else real_studio(folder)


@pytest.fixture(params=["fake", "small service", "real service"])
async def studio(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Studio]:
    async with asyncio.timeout(30), studio_of(request.param, tmp_path) as studio:
        yield studio


async def play(composer: Composer) -> list[Progress | Song]:
    return [item async for item in composer.compose(request_for("a"))]


async def until_composing(composer: Composer, reached: asyncio.Event) -> None:
    """Sets `reached` at the first bar and goes on to the end."""
    async for item in composer.compose(request_for("a")):
        if isinstance(item, Progress) and item.stage is Stage.COMPOSING:
            reached.set()


async def test_progress_comes_first_and_the_song_last(studio: Studio) -> None:
    studio.release()
    *progress, song = await play(studio.composer)
    stages = [item.stage for item in progress if isinstance(item, Progress)]
    assert len(stages) == len(progress)
    assert stages == sorted(stages, key=list(Stage).index)
    assert isinstance(song, Song)
    assert (song.id, song.genre) == ("a", "metal")
    assert replace(song.recipe.sampling, touch=None, form=None) == request_for("a").sampling
    assert {file.format for file in song.files} == set(FileFormat)
    assert all(file.content for file in song.files)
    assert not studio.is_cancelled("a")


async def test_a_full_queue_says_when_to_come_back(studio: Studio) -> None:
    await studio.make_busy()
    with pytest.raises(Busy) as caught:
        await play(studio.composer)
    retry_after_s = caught.value.params["retry_after_s"]
    assert isinstance(retry_after_s, int)
    assert retry_after_s > 0


async def test_closing_the_iterator_cancels_the_song(studio: Studio) -> None:
    async with aclosing(studio.composer.compose(request_for("a"))) as items:
        async for item in items:
            if isinstance(item, Progress) and item.stage is Stage.COMPOSING:
                break
    assert studio.is_cancelled("a")


async def test_cancelling_the_task_that_waits_cancels_the_song(studio: Studio) -> None:
    reached = asyncio.Event()
    task = asyncio.ensure_future(until_composing(studio.composer, reached))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert studio.is_cancelled("a")


async def test_stopping_at_the_song_cancels_nothing(studio: Studio) -> None:
    studio.release()
    async with aclosing(studio.composer.compose(request_for("a"))) as items:
        async for item in items:
            if isinstance(item, Song):
                break
    assert not studio.is_cancelled("a")


async def test_who_waits_for_a_cancelled_song_is_told_so(studio: Studio) -> None:
    reached = asyncio.Event()
    task = asyncio.ensure_future(until_composing(studio.composer, reached))
    await reached.wait()
    await studio.composer.cancel(RequestId("a"))
    with pytest.raises(ComposerFailed) as caught:
        await task
    assert caught.value.params == {"reason": "cancelled"}


async def test_a_cancelled_song_can_be_asked_for_again_under_its_id(studio: Studio) -> None:
    reached = asyncio.Event()
    task = asyncio.ensure_future(until_composing(studio.composer, reached))
    await reached.wait()
    task.cancel()
    await asyncio.wait([task])
    studio.release()
    *_, song = await play(studio.composer)
    assert isinstance(song, Song)


async def test_cancelling_an_unknown_song_is_ignored(studio: Studio) -> None:
    await studio.composer.cancel(RequestId("never"))


async def test_it_says_that_it_is_ready(studio: Studio) -> None:
    assert await studio.composer.is_ready()
