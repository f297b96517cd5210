"""The quick mix that is heard while the full one is made."""

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from inference.api import SongBody, SongFile, SongState
from inference.render.errors import RenderFailed
from inference.server.limits import ServerLimits
from inference.server.order import take_order
from inference.server.recording import MixPace, Recorder
from tests.fakes.engine import FakeEngine, score_of
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import Event, Service, events_of, running_service
from tests.fakes.songs import CATALOGUE

BODY = SongBody(genre="metal", seed=7, preview=True)
AT_ONCE = ServerLimits(preview_after_s=0.0, grace_s=0.0, linger_s=0.0)


def serve(folder: Path, limits: ServerLimits = AT_ONCE) -> AbstractAsyncContextManager[Service]:
    renderer = FakeRenderer(held=True)
    return running_service(folder, engine=FakeEngine(free=True), renderer=renderer, limits=limits)


async def previewed(service: Service, id: str) -> Event:
    """The first event that announces a quick mix."""
    async with service.client.get(f"/v1/songs/{id}/events") as answer:
        async for event in events_of(answer):
            if event.name == "preview":
                return event
    raise AssertionError("no quick mix was announced")


async def test_a_song_that_takes_long_is_announced_as_a_quick_mix_and_then_replaced(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await service.compose(preview=True)
        event = await previewed(service, song.id)
        assert event.status.state is SongState.RENDERING
        assert [file.kind for file in event.status.preview] == ["mid", "mp3", "png"]
        assert [file.kind for file in event.status.files] == ["mid"]
        assert await service.fetch(event.status.preview[1].url)
        assert event.status.preview[1].name.endswith("-quick.mp3")

        service.renderer.release()
        done = await service.until(song.id, SongState.DONE)
        assert [file.kind for file in done.files] == ["mid", "mp3", "png"]
        assert done.preview == []
        assert not any("quick" in file.name for file in done.files)
        async with service.client.get(event.status.preview[1].url) as gone:
            assert gone.status == 404
        assert not list(service.artifacts.glob("*/*quick*"))
    assert [job.is_quick for job in service.renderer.jobs] == [True, False]


async def test_a_reader_who_comes_late_hears_of_the_quick_mix_too(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await service.compose(preview=True)
        await previewed(service, song.id)
        assert (await previewed(service, song.id)).status.preview
        assert (await service.status(song.id)).preview


async def test_whoever_does_not_ask_for_it_sees_nothing_new(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        service.renderer.release()
        song = await service.compose()
        history = await service.history(song.id)
    assert "preview" not in {event.name for event in history}
    assert [job.is_quick for job in service.renderer.jobs] == [False]


async def test_a_song_without_a_recording_has_no_quick_mix(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        service.renderer.release()
        song = await service.compose(preview=True, formats=["mid", "png"])
        await service.until(song.id, SongState.DONE)
    assert [job.is_quick for job in service.renderer.jobs] == [False]


async def test_a_song_that_is_soon_done_has_no_quick_mix(tmp_path: Path) -> None:
    async with serve(tmp_path, ServerLimits(preview_after_s=600.0, grace_s=0.0, linger_s=0.0)) as service:
        service.renderer.release()
        song = await service.compose(preview=True)
        await service.until(song.id, SongState.DONE)
    assert [job.is_quick for job in service.renderer.jobs] == [False]


async def test_asking_again_with_or_without_a_preview_is_the_same_song(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        await service.compose(request_id="one", seed=7, preview=True)
        assert (await service.compose(request_id="one", seed=7)).id == "one"
        await previewed(service, "one")  # the engine has had it; a second one would be there as well
    assert len(service.engine.submitted) == 1


async def test_a_quick_mix_that_fails_costs_the_song_nothing(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        service.renderer.fail_quick_with = RenderFailed("the render worker died on this song; please try again")
        service.renderer.release()
        song = await service.compose(preview=True)
        assert (await service.history(song.id))[-1].name == "done"


async def test_a_song_cancelled_while_it_is_previewed_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await service.compose(preview=True)
        await previewed(service, song.id)
        status = await service.cancel(song.id)
        assert (status.state, status.files, status.preview) == (SongState.CANCELLED, [], [])


async def test_a_full_mix_that_fails_after_the_quick_one_fails_the_song(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        service.renderer.fail_with = RenderFailed("no")
        song = await service.compose(preview=True)
        await previewed(service, song.id)
        service.renderer.release()
        end = (await service.history(song.id))[-1].status
    assert (end.state, end.preview) == (SongState.FAILED, [])


async def test_a_mix_that_turns_out_to_take_long_is_previewed_while_it_goes_on(tmp_path: Path) -> None:
    renderer, seen = FakeRenderer(held=True), asyncio.Event()
    shown: list[list[SongFile]] = []

    def show(files: list[SongFile]) -> None:
        shown.append(files)
        seen.set()

    async def release() -> None:
        await seen.wait()
        renderer.release()

    order = take_order(BODY, CATALOGUE, "fake-weights")
    recorder = Recorder(renderer, 0.01, MixPace(0.0))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(release())
        files = await recorder.render(order, score_of(order.spec, 7), tmp_path, show)

    assert [job.is_quick for job in renderer.jobs] == [False, True]
    assert [[file.kind for file in show] for show in shown] == [["mp3", "png"], []]
    assert [file.kind for file in files] == ["mp3", "png"]
    assert sorted(os.listdir(tmp_path)) == sorted(file.name for file in files)


def test_the_pace_is_learnt_from_the_mixes_that_were_made() -> None:
    pace = MixPace(0.05)
    assert pace.estimate_s(100.0) == 5.0
    for _ in range(100):
        pace.took(20.0, 100.0)
    assert round(pace.estimate_s(50.0), 3) == 10.0


async def test_the_openapi_tells_of_previews(tmp_path: Path) -> None:
    async with serve(tmp_path) as service, service.client.get("/openapi.json") as answer:
        described = await answer.json()
    schemas = described["components"]["schemas"]
    assert schemas["SongBody"]["properties"]["preview"]["default"] is False
    assert schemas["SongStatus"]["properties"]["preview"]["type"] == "array"
    events = described["paths"]["/v1/songs/{id}/events"]["get"]["responses"]["200"]["description"]
    assert "`preview`" in events
