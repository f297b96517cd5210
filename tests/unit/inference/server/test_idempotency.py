"""The same request twice is one song."""

import asyncio
from pathlib import Path

from inference.api import ErrorCode, SongState
from tests.fakes.engine import FakeEngine
from tests.fakes.service import running_service


async def test_the_same_request_again_is_the_same_song_composed_once(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        first = await service.compose(request_id="click-1")
        again = await service.compose(request_id="click-1")
        await service.until(first.id, SongState.COMPOSING)
        service.engine.play_on()
        done = await service.until("click-1", SongState.DONE)

        assert first.id == again.id == "click-1"
        assert again.recipe == first.recipe
        assert await service.compose(request_id="click-1") == done
        assert len(service.engine.submitted) == 1


async def test_requests_that_race_each_other_are_one_song(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        songs = await asyncio.gather(*(service.compose(request_id="click-1") for _ in range(5)))
        await service.until("click-1", SongState.COMPOSING)

        assert len({song.seed for song in songs}) == 1
        assert len(service.engine.submitted) == 1


async def test_who_asks_and_how_long_they_wait_does_not_make_it_another_song(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        first = await service.compose(request_id="click-1", client="a", deadline_s=60)
        again = await service.compose(request_id="click-1", client="b", deadline_s=30, scheduled=True)

    assert again.seed == first.seed


async def test_one_id_for_two_different_songs_is_a_conflict(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        await service.compose(request_id="click-1", bars=8)
        status, error = await service.refused(request_id="click-1", bars=16)

    assert (status, error.code) == (409, ErrorCode.BAD_REQUEST)
    assert error.message == "request_id click-1 already names a different song; a new song needs a new request_id"


async def test_a_cancelled_song_asked_for_again_is_made_with_its_old_seed(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        first = await service.compose(request_id="click-1")
        await service.until("click-1", SongState.COMPOSING)
        await service.cancel("click-1")
        again = await service.compose(request_id="click-1")
        await service.until("click-1", SongState.COMPOSING)
        service.engine.play_on()
        done = await service.until("click-1", SongState.DONE)

        assert again.state is SongState.QUEUED
        assert done.recipe == first.recipe
        assert [job.id for job in service.engine.submitted] == ["click-1", "click-1.2"]
        assert await service.fetch(done.files[0].url)


async def test_a_failed_song_asked_for_again_is_tried_again(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        await service.compose(request_id="click-1")
        await service.until("click-1", SongState.COMPOSING)
        service.engine.fail("click-1", "a cosmic ray")
        assert (await service.history("click-1"))[-1].name == "failed"
        await service.compose(request_id="click-1")
        service.engine.play_on()

        assert (await service.history("click-1"))[-1].name == "done"


async def test_a_finished_song_survives_a_restart_of_the_service(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as before:
        await before.compose(request_id="click-1")
        done = await before.until("click-1", SongState.DONE)
        content = await before.fetch(done.files[0].url)

    async with running_service(tmp_path) as after:
        assert await after.compose(request_id="click-1") == done
        assert await after.fetch(done.files[0].url) == content
        assert [event.status for event in await after.history("click-1")] == [done]
        assert after.engine.submitted == []
