"""A song's way through the service, over a real socket."""

import asyncio
import errno
from pathlib import Path

import pytest

from inference.api import ErrorCode, FileFormat, SongState
from inference.engine.contract import ComposeJob, Listener
from inference.midi import read_midi
from inference.music.recipe import Recipe
from inference.render.errors import DiskFull, RenderFailed, ScoreTooLarge
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import BYTES, FakeRenderer
from tests.fakes.service import running_service


async def test_a_genre_alone_is_enough_for_midi_mp3_and_card(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        accepted = await service.compose()
        done = await service.until(accepted.id, SongState.DONE)
        contents = [await service.fetch(file.url) for file in done.files]

    assert [file.name.rpartition(".")[2] for file in done.files] == ["mid", "mp3", "png"]
    assert [file.media_type for file in done.files] == ["audio/midi", "audio/mpeg", "image/png"]
    assert [len(content) for content in contents] == [file.size_bytes for file in done.files]
    assert contents[1:] == [BYTES[FileFormat.MP3], BYTES[FileFormat.CARD]]
    assert read_midi(contents[0]).note_count > 0


async def test_every_state_and_bar_is_told_once_and_in_order(tmp_path: Path) -> None:
    renderer = FakeRenderer(held=True)
    async with running_service(tmp_path, renderer=renderer) as service:
        song = await service.compose(bars=4)
        await service.until(song.id, SongState.COMPOSING)
        async with asyncio.TaskGroup() as tasks:
            history = tasks.create_task(service.history(song.id))
            service.engine.write_bars(4)
            await service.until(song.id, SongState.RENDERING)
            renderer.release()
        events = history.result()

    # The history may have been opened after some bars: what it saw is the end of the whole story, without a gap.
    story = [("composing", bars) for bars in range(5)] + [("rendering", 4), ("done", 4)]
    seen = [(event.name, event.status.bars_done) for event in events]
    assert seen == story[-len(seen) :]
    first = int(events[0].id)
    assert [int(event.id) for event in events] == list(range(first, first + len(events)))
    assert set(events[-1].status.seconds) == {"queued", "composing", "rendering"}


async def test_the_midi_file_can_be_fetched_while_the_rest_is_rendered(tmp_path: Path) -> None:
    renderer = FakeRenderer(held=True)
    async with running_service(tmp_path, engine=FakeEngine(free=True), renderer=renderer) as service:
        song = await service.compose()
        rendering = await service.until(song.id, SongState.RENDERING)

        assert [file.media_type for file in rendering.files] == ["audio/midi"]
        assert read_midi(await service.fetch(rendering.files[0].url)).note_count > 0


async def test_a_song_wanted_as_midi_only_is_never_rendered(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(formats=["mid"])
        names = [event.name for event in await service.history(song.id)]
        done = await service.status(song.id)

    assert "rendering" not in names
    assert len(done.files) == 1
    assert service.renderer.jobs == []


async def test_files_come_in_the_order_asked_and_only_once(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(formats=["png", "mp3", "png"], title="Crown of Ash!")
        done = await service.until(song.id, SongState.DONE)

    assert [file.name for file in done.files] == ["crown-of-ash.png", "crown-of-ash.mp3"]


async def test_the_recipe_in_the_midi_file_is_the_one_in_the_status(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(seed=7, tempo=160, title="Über — naïve “Ünïcödé” 金属")
        done = await service.until(song.id, SongState.DONE)
        recipe = Recipe.from_meta(read_midi(await service.fetch(done.files[0].url)).meta)

    assert recipe.to_dict() == done.recipe
    assert recipe.asked == ("genres", "tempo", "title")
    assert (recipe.checkpoint, recipe.sampling.seed) == ("fake-weights", 7)
    assert recipe.spec.title == done.title == "Über — naïve “Ünïcödé” 金属"
    assert done.report[0].model_dump() == {"name": "tempo", "asked": "160", "measured": "160"}


async def test_the_same_seed_gives_the_same_spec_title_and_notes(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        songs = [await service.compose(seed=7, formats=["mid"]) for _ in range(2)]
        done = [await service.until(song.id, SongState.DONE) for song in songs]
        contents = [await service.fetch(song.files[0].url) for song in done]

    assert songs[0].id != songs[1].id
    assert done[0].recipe == done[1].recipe
    assert contents[0] == contents[1]


async def test_an_unsaid_seed_is_drawn_anew_for_each_song(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=8)) as service:
        seeds = {(await service.compose()).seed for _ in range(8)}

    assert len(seeds) == 8


async def test_the_renderer_gets_all_it_needs(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(genre={"metal": 0.7, "jazz": 0.3}, title="Night Shift")
        done = await service.until(song.id, SongState.DONE)
        (job,) = service.renderer.jobs

    assert (job.title, job.genre_title, job.stem) == ("Night Shift", "Metal × Jazz", "night-shift")
    assert job.colour == service.catalogue.find("metal").colour
    assert job.formats == (FileFormat.MP3, FileFormat.CARD)
    assert Recipe.from_json(job.recipe_json).to_dict() == done.recipe


async def test_a_full_batch_makes_the_next_song_wait_with_position_and_estimate(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as service:
        playing = await service.compose(bars=4)
        first, second = await service.compose(bars=4), await service.compose(bars=4)

        assert [(song.state, song.position) for song in (first, second)] == [("queued", 0), ("queued", 1)]
        assert 0 < (first.eta_s or 0) < (second.eta_s or 0)

        await service.until(playing.id, SongState.COMPOSING)
        service.engine.write_bars(4)
        await service.until(first.id, SongState.COMPOSING)
        assert (await service.status(second.id)).position == 0

        service.engine.play_on()
        history = await service.history(second.id)
        assert history[-1].name == "done"
        assert history[-1].status.position is None


async def test_people_come_before_the_clock_and_clients_take_turns(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as service:
        wishes = [("a", False), ("clock", True), ("a", False), ("a", False), ("b", False)]
        names = ["a1", "clock", "a2", "a3", "b1"]
        for name, (client, scheduled) in zip(names, wishes, strict=True):
            await service.compose(request_id=name, client=client, scheduled=scheduled, bars=4, formats=["mid"])
        service.engine.play_on()
        for name in names:
            await service.history(name)

    assert [job.id for job in service.engine.submitted] == ["a1", "b1", "a2", "a3", "clock"]


async def test_a_waiting_song_can_be_cancelled_and_the_next_moves_up(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as service:
        await service.compose()
        first, second = await service.compose(), await service.compose()
        cancelled = await service.cancel(first.id)

        assert cancelled.state is SongState.CANCELLED
        assert (await service.status(second.id)).position == 0
        assert [event.name for event in await service.history(first.id)] == ["cancelled"]
        assert first.id not in [job.id for job in service.engine.submitted]


async def test_a_song_being_composed_can_be_cancelled_and_frees_its_slot(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as service:
        song, waiting = await service.compose(), await service.compose()
        await service.until(song.id, SongState.COMPOSING)
        await service.cancel(song.id)
        await service.until(waiting.id, SongState.COMPOSING)

        assert service.engine.cancelled == [song.id]
        assert (await service.status(song.id)).state is SongState.CANCELLED


async def test_a_song_being_rendered_can_be_cancelled_and_leaves_no_files(tmp_path: Path) -> None:
    renderer = FakeRenderer(held=True)
    async with running_service(tmp_path, engine=FakeEngine(free=True), renderer=renderer) as service:
        song = await service.compose()
        await service.until(song.id, SongState.RENDERING)
        assert (await service.cancel(song.id)).files == []
        await service.service.drain()

        assert len(renderer.cancelled) == 1
        assert not (tmp_path / song.id).exists()


async def test_a_song_that_is_done_stays_done(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose()
        done = await service.until(song.id, SongState.DONE)

        assert await service.cancel(song.id) == done
        assert await service.fetch(done.files[0].url)


async def test_a_song_that_is_not_finished_in_time_fails_and_frees_its_slot(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as service:
        song = await service.compose(deadline_s=0.2)
        waiting = await service.compose()
        events = await service.history(song.id)
        await service.until(waiting.id, SongState.COMPOSING)

    error = events[-1].status.error
    assert error is not None
    assert (error.code, error.message) == (ErrorCode.DEADLINE_PASSED, "the song was not finished within 0.2 s")
    # On a machine with much else to do the time is over before the engine hears of the song.
    assert song.id in service.engine.cancelled or song.id not in [job.id for job in service.engine.submitted]


async def test_time_in_the_queue_counts_towards_the_deadline(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(slots=1)) as service:
        await service.compose(bars=4)
        song = await service.compose(deadline_s=0.7)
        events = await service.history(song.id)

    assert events[-1].status.error is not None
    assert events[-1].status.error.code is ErrorCode.DEADLINE_PASSED
    assert len(service.engine.submitted) == 1


async def test_a_song_the_engine_breaks_fails_with_the_reason(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        song = await service.compose()
        await service.until(song.id, SongState.COMPOSING)
        service.engine.fail(song.id, "no memory\nleft on the device")
        events = await service.history(song.id)

    error = events[-1].status.error
    assert error is not None
    assert error.code is ErrorCode.COMPOSE_FAILED
    assert error.message == "the composer gave up: no memory left on the device"


class Unwilling(FakeEngine):
    """Takes no jobs."""

    def submit(self, job: ComposeJob, listener: Listener) -> None:
        raise RuntimeError(f"not {job.id}")


async def test_an_engine_that_takes_no_jobs_fails_the_song_and_not_the_service(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=Unwilling(slots=1)) as service:
        for name in ("first", "second"):
            await service.compose(request_id=name)
            error = (await service.history(name))[-1].status.error
            assert error is not None
            assert error.code is ErrorCode.COMPOSE_FAILED
            assert error.message == f"something broke on our side; the log tells more under {name}"


@pytest.mark.parametrize(
    ("trouble", "code", "sentence"),
    [
        (RenderFailed("the amplifier caught fire"), ErrorCode.RENDER_FAILED, "the amplifier caught fire"),
        (DiskFull("the disk is full"), ErrorCode.DISK_FULL, "the disk is full"),
        (ScoreTooLarge("too many notes"), ErrorCode.TOO_LARGE, "too many notes"),
        (OSError(errno.ENOSPC, "full"), ErrorCode.DISK_FULL, "the disk is full, so I could not save the song"),
        (
            RuntimeError("a bug"),
            ErrorCode.RENDER_FAILED,
            "something broke on our side; the log tells more under broken",
        ),
    ],
)
async def test_what_goes_wrong_in_rendering_ends_this_song_with_a_code_and_no_files(
    tmp_path: Path, trouble: Exception, code: ErrorCode, sentence: str
) -> None:
    renderer = FakeRenderer()
    renderer.fail_with = trouble
    async with running_service(tmp_path, engine=FakeEngine(free=True), renderer=renderer) as service:
        await service.compose(request_id="broken")
        failed = (await service.history("broken"))[-1].status
        renderer.fail_with = None
        await service.until((await service.compose()).id, SongState.DONE)

        assert failed.error is not None
        assert (failed.error.code, failed.error.message) == (code, sentence)
        assert failed.files == []
        assert not (tmp_path / "broken").exists()


async def test_a_stranger_in_the_songs_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        status, error = await service.refused(request_id="mine")

    assert (status, error.code) == (500, ErrorCode.RENDER_FAILED)
    assert error.message == "I could not save the song (File exists)"
    assert (tmp_path / "mine" / "diary.txt").read_text() == "dear diary"


async def test_a_song_whose_render_worker_dies_is_rendered_by_another(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    renderer.deaths = 1
    async with running_service(tmp_path, engine=FakeEngine(free=True), renderer=renderer) as service:
        song = await service.compose()
        done = await service.until(song.id, SongState.DONE)

    assert [file.kind for file in done.files] == ["mid", "mp3", "png"]
    assert len(renderer.jobs) == 2


async def test_a_song_over_which_a_second_render_worker_dies_has_failed(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    renderer.deaths = 2
    async with running_service(tmp_path, engine=FakeEngine(free=True), renderer=renderer) as service:
        song = await service.compose()
        failed = await service.until(song.id, SongState.FAILED)

    assert failed.error is not None
    assert (failed.error.code, len(renderer.jobs)) == (ErrorCode.RENDER_FAILED, 2)
