"""What was accepted is made, whatever becomes of the process that accepted it."""

import asyncio
import errno
from pathlib import Path

import aiohttp
import pytest

from adapters.composer import HttpComposer
from bot.domain.song import Progress, Song, Stage
from inference.api import ErrorCode, SongState, SongStatus
from inference.server.archive import Archive, ArchiveInUse, Record
from inference.server.producer import MAX_TRIES
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import error_of, events_of, running_service
from tests.fakes.service_process import FREE, HELD, service_apart
from tests.fakes.songs import request_for


async def ask(http: aiohttp.ClientSession, url: str, **body: object) -> SongStatus:
    async with http.post(f"{url}/v1/songs", json={"genre": "metal", "bars": 4, **body}) as answer:
        assert answer.status == 202, await answer.text()
        return SongStatus.model_validate_json(await answer.text())


async def last_status(http: aiohttp.ClientSession, url: str, id: str) -> SongStatus:
    async with http.get(f"{url}/v1/songs/{id}/events") as answer:
        return [event.status async for event in events_of(answer)][-1]


async def test_a_service_killed_outright_makes_every_song_it_had_accepted(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with service_apart(tmp_path, HELD) as before:
            accepted = [await ask(http, before.url, request_id=f"click-{number}") for number in range(5)]
            await before.kill()

        async with service_apart(tmp_path, FREE) as after:
            finished = [await last_status(http, after.url, song.id) for song in accepted]
            again = await ask(http, after.url, request_id="click-0")
            async with http.get(after.url + finished[0].files[0].url) as answer:
                midi = await answer.read()

    assert [song.state for song in finished] == [SongState.DONE] * 5
    assert [song.recipe for song in finished] == [song.recipe for song in accepted]
    assert again == finished[0]
    assert midi.startswith(b"MThd")


async def test_a_service_asked_to_end_leaves_unfinished_songs_to_the_next(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with service_apart(tmp_path, HELD) as before:
            song = await ask(http, before.url)
            async with http.get(f"{before.url}/v1/songs/{song.id}/events") as answer:
                events = events_of(answer)
                await anext(events)
                before.process.terminate()
                rest = [event.status.state async for event in events]
            assert await before.process.wait() == 0

        async with service_apart(tmp_path, FREE) as after:
            finished = await last_status(http, after.url, song.id)

    assert not any(state.is_final for state in rest)
    assert finished.state is SongState.DONE
    assert finished.recipe == song.recipe


async def test_the_answer_comes_only_when_the_song_is_on_disk(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        song = await service.compose(request_id="click-1", client="a")
        record = Record.model_validate_json((tmp_path / "click-1" / "record.json").read_bytes())

    assert record.is_owed
    assert record.body is not None
    assert record.body.seed == song.seed
    assert record.body.client == "a"


async def test_a_request_that_cannot_be_written_down_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Archive, _folder: str, _record: Record) -> Path:
        raise OSError(errno.ENOSPC, "full")

    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        with monkeypatch.context() as patch:
            patch.setattr(Archive, "open", full)
            status, error = await service.refused(request_id="click-1")
        assert (status, error.code) == (507, ErrorCode.DISK_FULL)
        await service.compose(request_id="click-1")
        assert (await service.history("click-1"))[-1].name == "done"


async def test_a_cancelled_song_is_not_taken_up_again(tmp_path: Path) -> None:
    async with running_service(tmp_path) as before:
        for number in range(3):
            await before.compose(request_id=f"click-{number}")
            await before.cancel(f"click-{number}")

    async with running_service(tmp_path) as after:
        assert after.engine.submitted == []
        assert after.service.register.get("click-0") is None


async def test_a_song_cancelled_while_the_service_puts_it_off_is_not_taken_up_again(tmp_path: Path) -> None:
    async with running_service(tmp_path) as before:
        songs = [await before.compose(request_id=f"click-{number}") for number in range(3)]
        await before.until(songs[0].id, SongState.COMPOSING)
        await before.service.drain()
        for song in songs[:2]:
            assert (await before.cancel(song.id)).state is SongState.CANCELLED
            assert (await before.cancel(song.id)).state is SongState.CANCELLED

    async with running_service(tmp_path) as after:
        await after.until(songs[2].id, SongState.COMPOSING)
        assert [job.id for job in after.engine.submitted] == [songs[2].id]
        assert after.service.register.get(songs[0].id) is None


async def test_a_song_cancelled_in_the_very_act_of_putting_it_off_is_not_taken_up_again(tmp_path: Path) -> None:
    async with running_service(tmp_path) as before:
        songs = [await before.compose(request_id=f"click-{number}") for number in range(3)]
        await before.until(songs[0].id, SongState.COMPOSING)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(before.service.drain())
            for song in songs:
                tasks.create_task(before.cancel(song.id))

    async with running_service(tmp_path) as after:
        assert after.engine.submitted == []


async def test_a_song_put_off_that_cannot_be_taken_back_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "the disk does not answer")

    async with running_service(tmp_path) as service:
        song = await service.compose(request_id="click-1")
        await service.until(song.id, SongState.COMPOSING)
        await service.service.drain()
        monkeypatch.setattr(Archive, "remove", refuse)
        async with service.client.delete(f"/v1/songs/{song.id}") as answer:
            assert (answer.status, (await error_of(answer)).code) == (503, ErrorCode.SHUTTING_DOWN)


async def test_songs_are_taken_up_in_the_order_they_came(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as before:
        for number in range(4):
            await before.compose(request_id=f"click-{number}", client="one")

    async with running_service(tmp_path, engine=FakeEngine(slots=1, free=True)) as after:
        for number in range(4):
            await after.until(f"click-{number}", SongState.DONE)
        assert [job.id for job in after.engine.submitted] == [f"click-{number}" for number in range(4)]


async def test_a_song_that_goes_on_elsewhere_is_no_error_to_those_who_ask_meanwhile(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        song = await service.compose(request_id="click-1")
        await service.until(song.id, SongState.COMPOSING)
        await service.service.drain()

        async with service.client.get(f"/v1/songs/{song.id}") as answer:
            assert answer.status == 503


async def test_a_song_over_which_the_service_breaks_again_and_again_is_given_up(tmp_path: Path) -> None:
    async with running_service(tmp_path) as before:
        await before.compose(request_id="poison")
        await before.until("poison", SongState.COMPOSING)
    path = tmp_path / "poison" / "record.json"
    record = Record.model_validate_json(path.read_bytes())
    path.write_text(record.model_copy(update={"tries": MAX_TRIES}).model_dump_json())

    async with running_service(tmp_path, engine=FakeEngine(free=True)) as after:
        status = (await after.history("poison"))[-1].status
        assert after.engine.submitted == []
    assert status.error is not None
    assert status.error.message == "the service broke 4 times over this song, so I gave it up"


async def test_a_song_whose_model_is_gone_keeps_its_wishes_and_its_seed(tmp_path: Path) -> None:
    async with running_service(tmp_path) as before:
        free = await before.compose(request_id="free")
        await before.compose(request_id="bound", checkpoint="fake-weights")

    async with running_service(tmp_path, engine=FakeEngine(checkpoint="newer", free=True)) as after:
        done = (await after.history("free"))[-1].status
        refused = await after.status("bound")
    assert done.seed == free.seed
    assert done.recipe is not None
    assert done.recipe["checkpoint"] == "newer"
    assert refused.error is not None
    assert refused.error.code is ErrorCode.BAD_RECIPE


async def test_versions_go_on_after_a_restart(tmp_path: Path) -> None:
    async with running_service(tmp_path) as before:
        await before.compose(request_id="click-1")
        await before.until("click-1", SongState.COMPOSING)
        before.engine.write_bars(3)
        await before.until("click-1", SongState.COMPOSING, bars_done=3)
        seen = before.service.register.find("click-1").feed.version

    async with running_service(tmp_path) as after:
        assert after.service.register.find("click-1").feed.version > seen


async def test_two_services_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.server.archive._LOCK_WAIT_S", 0.0)
    async with running_service(tmp_path):
        with pytest.raises(ArchiveInUse, match="LNH_INFERENCE_ARTIFACTS"):
            Archive(tmp_path).restore()
    Archive(tmp_path).restore()


async def test_a_song_that_was_being_rendered_is_made_anew(tmp_path: Path) -> None:
    renderer = FakeRenderer(held=True)
    async with running_service(tmp_path, engine=FakeEngine(free=True), renderer=renderer) as before:
        await before.compose(request_id="click-1")
        await before.until("click-1", SongState.RENDERING)

    async with running_service(tmp_path, engine=FakeEngine(free=True)) as after:
        done = await after.until("click-1", SongState.DONE)
        assert len(done.files) == 3
        async with asyncio.timeout(10):
            assert await after.fetch(done.files[0].url)


async def test_who_follows_a_song_sees_a_pause_when_the_service_is_killed(tmp_path: Path) -> None:
    composing = asyncio.Event()
    request = request_for()

    async def follow(url: str) -> Progress | Song:
        async with HttpComposer(url) as composer:
            async for item in composer.compose(request):
                if isinstance(item, Progress) and item.stage is Stage.COMPOSING:
                    composing.set()
        return item

    async with asyncio.TaskGroup() as tasks:
        async with service_apart(tmp_path, HELD) as before:
            following = tasks.create_task(follow(before.url))
            await composing.wait()
            await before.kill()
        async with service_apart(tmp_path, FREE, port=int(before.url.rpartition(":")[2])):
            song = await following

    assert isinstance(song, Song)
    assert song.id == request.id
