"""Following a song by server-sent events."""

import asyncio
from pathlib import Path

from inference.api import SongState
from inference.server.limits import ServerLimits
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import events_of, running_service


async def test_the_status_of_now_comes_first(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        song = await service.compose(bars=8)
        await service.until(song.id, SongState.COMPOSING)
        service.engine.write_bars(3)
        await service.until(song.id, SongState.COMPOSING, bars_done=3)
        async with service.client.get(f"/v1/songs/{song.id}/events") as answer:
            first = await anext(aiter(events_of(answer)))

    assert (first.name, first.status.bars_done, first.status.bars) == ("composing", 3, 8)


async def test_a_reader_that_comes_back_loses_nothing_but_the_past(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        song = await service.compose(bars=8)
        async with service.client.get(f"/v1/songs/{song.id}/events") as answer:
            before = await anext(aiter(events_of(answer)))
        await service.until(song.id, SongState.COMPOSING)
        service.engine.play_on()
        headers = {"Last-Event-ID": before.id}
        async with service.client.get(f"/v1/songs/{song.id}/events", headers=headers) as answer:
            after = [event async for event in events_of(answer)]

    assert int(after[0].id) > int(before.id)
    assert after[-1].name == "done"


async def test_the_events_of_a_song_that_ended_are_its_end(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose()
        await service.history(song.id)

        assert [event.name for event in await service.history(song.id)] == ["done"]


async def test_a_browser_that_saw_the_end_is_told_to_stop_coming_back(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose()
        end = (await service.history(song.id))[-1]
        headers = {"Last-Event-ID": end.id}
        async with service.client.get(f"/v1/songs/{song.id}/events", headers=headers) as answer:
            assert answer.status == 204


async def test_all_watchers_see_the_same_story(tmp_path: Path) -> None:
    renderer = FakeRenderer(held=True)
    async with running_service(tmp_path, renderer=renderer) as service:
        song = await service.compose(bars=16)
        await service.until(song.id, SongState.COMPOSING)
        async with asyncio.TaskGroup() as tasks:
            histories = [tasks.create_task(service.history(song.id)) for _ in range(5)]
            service.engine.play_on()
            await service.until(song.id, SongState.RENDERING)
            renderer.release()

    endings = [[event.status for event in history.result()][-2:] for history in histories]
    assert [status.state for status in endings[0]] == ["rendering", "done"]
    assert all(ending == endings[0] for ending in endings)


async def test_a_reader_that_does_not_read_holds_nobody_up_and_still_gets_the_end(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=4)) as service:
        slow = await service.compose(bars=64)
        async with service.client.get(f"/v1/songs/{slow.id}/events") as unread:
            service.engine.play_on()
            quick = await service.compose(bars=4)
            assert (await service.history(quick.id))[-1].name == "done"
            assert (await service.history(slow.id))[-1].name == "done"

            late = [event async for event in events_of(unread)]

    assert late[-1].name == "done"
    assert [int(event.id) for event in late] == list(range(int(late[0].id), int(late[-1].id) + 1))


async def test_a_reader_that_goes_away_leaves_the_song_alone(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        song = await service.compose()
        async with service.client.get(f"/v1/songs/{song.id}/events") as answer:
            await anext(aiter(events_of(answer)))
            answer.close()
        service.engine.play_on()

        assert (await service.history(song.id))[-1].name == "done"


async def test_silence_is_filled_with_comments_so_that_proxies_keep_the_line(tmp_path: Path) -> None:
    limits = ServerLimits(ping_s=0.01, grace_s=0, linger_s=0)
    async with running_service(tmp_path, limits=limits) as service:
        song = await service.compose()
        async with service.client.get(f"/v1/songs/{song.id}/events") as answer:
            async for line in answer.content:
                if line.startswith(b":"):
                    break

    assert line.strip() == b": ping"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Accel-Buffering"] == "no"
