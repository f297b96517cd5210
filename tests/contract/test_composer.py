"""The port Composer, kept by the HTTP client and by its fake."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from adapters.composer import HttpComposer, Patience
from bot.domain.errors import Busy, ComposerFailed
from bot.domain.request import RequestId
from bot.domain.song import Progress, Song, Stage
from bot.ports import Composer
from inference.api import ErrorCode, FileFormat
from tests.fakes.composer import FakeComposer
from tests.fakes.composer_service import FakeService
from tests.fakes.songs import request_for


@dataclass
class Studio:
    """A composer and the strings behind it."""

    composer: Composer
    make_busy: Callable[[], None]
    gate: asyncio.Event
    composing: asyncio.Event
    cancelled: list[str] | list[RequestId]


@pytest.fixture(params=["fake", "http"])
async def studio(request: pytest.FixtureRequest) -> AsyncIterator[Studio]:
    if request.param == "fake":
        fake = FakeComposer()
        yield Studio(
            fake, lambda: fake.failures.append(Busy(retry_after_s=40)), fake.gate, fake.composing, fake.cancelled
        )
        return
    service = FakeService()
    async with service.serve() as url, HttpComposer(url, Patience(retry_s=5)) as composer:
        yield Studio(
            composer,
            lambda: service.refuse(ErrorCode.QUEUE_FULL, 429, 40),
            service.gate,
            service.composing,
            service.deleted,
        )


async def play(composer: Composer) -> list[Progress | Song]:
    async with asyncio.timeout(20):
        return [item async for item in composer.compose(request_for("a"))]


async def test_progress_comes_first_and_the_song_last(studio: Studio) -> None:
    *progress, song = await play(studio.composer)
    stages = [item.stage for item in progress if isinstance(item, Progress)]
    assert len(stages) == len(progress)
    assert list(dict.fromkeys(stages)) == [Stage.QUEUED, Stage.COMPOSING, Stage.RENDERING]
    assert isinstance(song, Song)
    assert (song.id, song.genre) == ("a", "metal")
    assert {file.format for file in song.files} == set(FileFormat)
    assert studio.cancelled == []


async def test_a_full_queue_says_when_to_come_back(studio: Studio) -> None:
    studio.make_busy()
    with pytest.raises(Busy) as caught:
        await play(studio.composer)
    assert caught.value.params == {"retry_after_s": 40}


async def test_closing_the_iterator_cancels_the_song(studio: Studio) -> None:
    studio.gate.clear()
    async with asyncio.timeout(20), aclosing(studio.composer.compose(request_for("a"))) as items:
        async for item in items:
            if isinstance(item, Progress) and item.stage is Stage.COMPOSING:
                break
    assert studio.cancelled == ["a"]


async def test_cancelling_the_task_that_waits_cancels_the_song(studio: Studio) -> None:
    studio.gate.clear()
    task = asyncio.ensure_future(play(studio.composer))
    async with asyncio.timeout(20):
        await studio.composing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert studio.cancelled == ["a"]


async def test_stopping_at_the_song_cancels_nothing(studio: Studio) -> None:
    async with asyncio.timeout(20), aclosing(studio.composer.compose(request_for("a"))) as items:
        async for item in items:
            if isinstance(item, Song):
                break
    assert studio.cancelled == []


async def test_who_waits_for_a_cancelled_song_is_told_so(studio: Studio) -> None:
    studio.gate.clear()
    task = asyncio.ensure_future(play(studio.composer))
    async with asyncio.timeout(20):
        await studio.composing.wait()
        await studio.composer.cancel(RequestId("a"))
        with pytest.raises(ComposerFailed) as caught:
            await task
    assert caught.value.params == {"reason": "cancelled"}


async def test_cancelling_an_unknown_song_is_ignored(studio: Studio) -> None:
    await studio.composer.cancel(RequestId("never"))


async def test_it_says_that_it_is_ready(studio: Studio) -> None:
    assert await studio.composer.is_ready()
