import asyncio
import errno
import os
import pickle
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from inference.api import ExtraFile, FileFormat
from inference.render import worker
from inference.render.block import Block
from inference.render.errors import DiskFull, RenderFailed, RenderTimeout, ScoreTooLarge
from inference.render.job import MAX_TRACKS
from inference.render.pool import RenderPool
from inference.render.process import RenderProcess
from inference.render.sharing import put_parts
from inference.render.sounds import DEFAULT_SOUNDS
from tests.fakes.render_jobs import metal_job
from tests.fakes.render_processes import die, loaded_packages, refuse, run_short, wait_under_a_limit, work_under_a_limit
from tests.fakes.scores import quartet_score, single_note_score

CARD = (FileFormat.CARD,)
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Bomb(str):
    """A title that ends the process which unpickles it, as a fault in native code would."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (9,)


class Sleeper(str):
    """A title that keeps the process which unpickles it for ever, and leaves a file of that name."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"(open({str(self)!r}, 'w').close(), __import__('time').sleep(3600))",)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[RenderPool]:
    running = RenderPool(1, limit_s=60)
    await running.start()
    yield running
    await running.close()


async def test_a_job_becomes_files(pool: RenderPool, tmp_path: Path) -> None:
    result = await pool.render(metal_job(quartet_score(4)), tmp_path)
    assert sorted(file.path.name for file in result.files) == ["ashes.mid", "ashes.mp3", "ashes.png"]
    assert result.seconds > 0


async def test_jobs_wait_for_a_free_worker_and_all_are_served(pool: RenderPool, tmp_path: Path) -> None:
    jobs = [metal_job(single_note_score(), CARD, stem=f"song{number}") for number in range(4)]
    results = await asyncio.gather(*(pool.render(job, tmp_path) for job in jobs))
    assert [result.files[0].path.stem for result in results] == ["song0", "song1", "song2", "song3"]


async def test_a_crashed_worker_is_one_sentence_and_the_next_song_is_made(pool: RenderPool, tmp_path: Path) -> None:
    job = metal_job(single_note_score(), CARD)
    with pytest.raises(RenderFailed, match="please try again"):
        await pool.render(replace(job, title=Bomb("boom")), tmp_path)
    assert (await pool.render(job, tmp_path)).files


async def test_closing_does_not_wait_for_a_worker_that_is_stuck(tmp_path: Path) -> None:
    stuck = RenderPool(1, limit_s=600)
    await stuck.start()
    asleep = tmp_path / "asleep"
    job = replace(metal_job(single_note_score(), CARD), title=Sleeper(asleep))
    rendering = asyncio.ensure_future(stuck.render(job, tmp_path))
    while not asleep.exists():  # noqa: ASYNC110  # another process makes it
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        await stuck.close(patience_s=0.1)
        with pytest.raises(RenderFailed):
            await rendering


async def test_what_a_worker_refuses_reaches_the_caller(pool: RenderPool, tmp_path: Path) -> None:
    crowd = replace(single_note_score(), tracks=single_note_score().tracks * (MAX_TRACKS + 1))
    with pytest.raises(ScoreTooLarge, match="tracks at most"):
        await pool.render(metal_job(crowd), tmp_path)


async def test_a_cancelled_song_does_not_keep_the_worker(pool: RenderPool, tmp_path: Path) -> None:
    song = asyncio.create_task(pool.render(metal_job(quartet_score(4)), tmp_path))
    await asyncio.sleep(0)
    song.cancel()
    with pytest.raises(asyncio.CancelledError):
        await song
    assert (await pool.render(metal_job(single_note_score(), CARD), tmp_path)).files


async def test_a_song_over_the_time_limit_is_given_up_and_the_next_one_is_made(tmp_path: Path) -> None:
    quick = RenderPool(1, limit_s=0.5)
    await quick.start()
    try:
        with pytest.raises(RenderTimeout, match=r"longer than 0\.5 seconds"):
            await quick.render(metal_job(quartet_score(64, tempo=40)), tmp_path)
        assert (await quick.render(metal_job(single_note_score(), (FileFormat.MIDI,)), tmp_path)).files
    finally:
        await quick.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer for a process's own time")
async def test_what_counts_for_the_limit_is_the_processors_time(pool: RenderPool) -> None:
    (process,) = pool._processes
    assert process.submit(wait_under_a_limit, 0.3, 0.6).result() == "done"
    assert process.submit(wait_under_a_limit, 0.3, 0.0).result() == "done"


async def test_a_song_that_works_on_and_on_ends_with_its_process() -> None:
    process = RenderProcess()
    with pytest.raises(BrokenProcessPool):
        await asyncio.wrap_future(process.submit(work_under_a_limit, 0.2))
    process.abandon()


async def test_a_song_that_hangs_ends_with_its_process_too() -> None:
    process = RenderProcess()
    with pytest.raises(BrokenProcessPool):
        await asyncio.wrap_future(process.submit(wait_under_a_limit, 0.1, 60.0))
    process.abandon()


async def test_a_soundfont_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match=r"gone\.sf2"):
        await RenderPool(1, soundfont=tmp_path / "gone.sf2").start()


async def test_a_pool_that_is_not_running_says_so(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="no render worker"):
        await RenderPool(1).render(metal_job(single_note_score()), tmp_path)


async def test_a_worker_has_no_torch(pool: RenderPool) -> None:
    (process,) = pool._processes
    packages = process.submit(loaded_packages).result()
    assert "scipy" in packages
    assert "torch" not in packages


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a process's memory so")
async def test_a_worker_may_not_eat_the_machines_memory(pool: RenderPool) -> None:
    import resource  # not on Windows

    (process,) = pool._processes
    assert process.submit(resource.getrlimit, resource.RLIMIT_DATA).result()[0] == worker.MEMORY_BYTES
    with pytest.raises(MemoryError):
        process.submit(bytearray, worker.MEMORY_BYTES + 2**20).result()
    assert process.submit(len, "alive").result() == 5


async def test_a_song_that_needs_more_memory_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("inference.render.pipeline.render", greedy)
    with pytest.raises(ScoreTooLarge, match="more memory"):
        worker.work(metal_job(single_note_score()), tmp_path, worker.Setup(None, DEFAULT_SOUNDS, 60))


async def test_jobs_and_errors_cross_the_border_unharmed() -> None:
    job = metal_job(quartet_score(4))
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301  # our own bytes
    error = pickle.loads(pickle.dumps(DiskFull("the disk is full")))  # noqa: S301
    assert (type(error), str(error)) == (DiskFull, "the disk is full")


async def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one worker"):
        RenderPool(0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair() -> AsyncIterator[RenderPool]:
    running = RenderPool(2, limit_s=60)
    await running.start()
    yield running
    await running.close()


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[Block]:
    """The blocks of shared memory that were made."""
    made: list[Block] = []

    class Watched(Block):
        def __init__(self, size: int) -> None:
            super().__init__(size)
            made.append(self)

    monkeypatch.setattr("inference.render.pool.Block", Watched)
    return made


def assert_gone(blocks: list[Block]) -> None:
    for block in blocks:
        with pytest.raises(FileNotFoundError):
            put_parts(block.name, [])


async def sound_of(pool: RenderPool, folder: Path, stem: str = "ashes") -> bytes:
    result = await pool.render(metal_job(quartet_score(4), (FileFormat.MP3,), stem=stem), folder)
    return result.files[0].path.read_bytes()


async def test_an_idle_worker_plays_a_share_of_a_song_and_the_song_is_the_same(
    pool: RenderPool, pair: RenderPool, blocks: list[Block], tmp_path: Path
) -> None:
    alone = await sound_of(pool, tmp_path)
    assert not blocks
    assert await sound_of(pair, tmp_path) == alone
    assert len(blocks) == 1
    assert_gone(blocks)


@pytest.mark.parametrize("fate", [die, refuse])
async def test_a_worker_that_dies_over_its_share_costs_nothing_but_time(
    fate: Callable[..., NoReturn],
    pool: RenderPool,
    pair: RenderPool,
    blocks: list[Block],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = await sound_of(pool, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "lend", fate)
        assert await sound_of(pair, tmp_path) == alone
    assert await sound_of(pair, tmp_path) == alone
    assert len(blocks) == 2
    assert_gone(blocks)


async def test_a_worker_found_dead_is_no_reason_to_lose_a_song(
    pair: RenderPool, blocks: list[Block], tmp_path: Path
) -> None:
    for process in list(pair._processes):
        with pytest.raises(BrokenProcessPool):
            process.submit(die).result()
    assert await sound_of(pair, tmp_path)
    assert_gone(blocks)


async def test_many_songs_at_once_share_two_workers_and_all_are_made(
    pool: RenderPool, pair: RenderPool, blocks: list[Block], tmp_path: Path
) -> None:
    alone = await sound_of(pool, tmp_path)
    songs = await asyncio.gather(*(sound_of(pair, tmp_path, f"song{number}") for number in range(4)))
    assert songs == [alone] * 4
    assert_gone(blocks)


async def test_a_cancelled_song_gives_both_workers_back(pair: RenderPool, blocks: list[Block], tmp_path: Path) -> None:
    song = asyncio.create_task(pair.render(metal_job(quartet_score(4)), tmp_path))
    await asyncio.sleep(0)
    song.cancel()
    with pytest.raises(asyncio.CancelledError):
        await song
    assert await asyncio.gather(*(sound_of(pair, tmp_path, f"song{number}") for number in range(2)))
    assert_gone(blocks)


@pytest_asyncio.fixture
async def fresh_pair() -> AsyncIterator[RenderPool]:
    running = RenderPool(2, limit_s=60)
    await running.start()
    yield running
    await running.close()


async def test_a_machine_whose_shared_memory_cannot_be_written_makes_the_same_songs_and_says_so_once(
    pool: RenderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system")

    alone = await sound_of(pool, tmp_path)
    monkeypatch.setattr("inference.render.block.SharedMemory", read_only)
    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", read_only)
    here = RenderPool(2, limit_s=60)
    with capture_logs() as logs:
        await here.start()
        try:
            assert [await sound_of(here, tmp_path, stem) for stem in ("one", "two")] == [alone, alone]
        finally:
            await here.close()
    assert [(line["log_level"], line["reason"]) for line in logs] == [("warning", "[Errno 30] Read-only file system")]


async def test_a_song_too_large_for_the_shared_memory_is_tried_once_and_smaller_ones_are_shared_still(
    pool: RenderPool, fresh_pair: RenderPool, blocks: list[Block], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = await sound_of(pool, tmp_path)
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(worker, "lend", run_short)
        assert [await sound_of(fresh_pair, tmp_path, stem) for stem in ("one", "two")] == [alone, alone]
    assert [line["reason"] for line in logs] == ["there is not enough shared memory"]
    assert len(blocks) == 1
    await fresh_pair.render(metal_job(quartet_score(2), (FileFormat.MP3,)), tmp_path)
    assert len(blocks) == 2
    assert_gone(blocks)


async def test_extras_are_made_in_the_worker_and_what_cannot_be_is_told(pool: RenderPool, tmp_path: Path) -> None:
    job = replace(metal_job(single_note_score(), ()), extras=(ExtraFile.MUSICXML, ExtraFile.TAB))
    result = await pool.render(job, tmp_path)
    assert [(file.path.name, file.extra) for file in result.files] == [("ashes.musicxml", ExtraFile.MUSICXML)]
    assert [one.extra for one in result.left_out] == [ExtraFile.TAB]
