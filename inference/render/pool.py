"""Render workers: processes, because the synth holds the interpreter lock while it plays."""

import asyncio
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from inference.render import worker
from inference.render.block import MOST_BYTES, Block, Lent, block_bytes
from inference.render.errors import MemoryShort, RenderFailed, RenderTimeout, WorkerDied
from inference.render.job import RenderedFile, RenderJob, Unmade
from inference.render.process import RenderProcess
from inference.render.sounds import DEFAULT_SOUNDS

LIMIT_S = 180.0
CLOSE_S = 5.0
_ATTEMPTS = 3
_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class RenderResult:
    """The files of one job, in the order of its formats, and the seconds from a worker's yes to the last file.

    `left_out` are the extras that could not be made.
    """

    files: list[RenderedFile]
    seconds: float
    left_out: list[Unmade] = field(default_factory=list)


class RenderPool:
    """`workers` processes that take one job each, so that a crash takes no other song with it.

    A process that has nothing to do plays a share of the song that comes next to another; if it dies over that, the
    other plays all of it. So it is where there is no shared memory, or too little for the song.

    Args:
        workers: processes, at least 1.
        soundfont: an sf2 file; None is the band's own.
        sounds: the genres' sounds.
        limit_s: most seconds of processor time for one job; every extra file adds as much.
    """

    def __init__(
        self, workers: int, *, soundfont: Path | None = None, sounds: Path = DEFAULT_SOUNDS, limit_s: float = LIMIT_S
    ) -> None:
        if workers < 1:
            raise ValueError(f"a render pool needs at least one worker, not {workers}")
        self._workers = workers
        self._setup = worker.Setup(soundfont, sounds, limit_s)
        self._idle: asyncio.Queue[RenderProcess] = asyncio.Queue()
        self._processes: set[RenderProcess] = set()
        self._too_large_bytes = MOST_BYTES + 1
        self._has_told = False

    async def start(self) -> None:
        """Starts the processes and waits until they are warm.

        Raises:
            RenderFailed: SoundFont or sounds cannot be used, or no process comes up.
        """
        warm = [asyncio.wrap_future(self._add_process()) for _ in range(self._workers)]
        troubles = [end for end in await asyncio.gather(*warm, return_exceptions=True) if isinstance(end, Exception)]
        if troubles:
            await self.close()
            reason = troubles[0] if isinstance(troubles[0], RenderFailed) else RenderFailed("no render worker starts")
            raise reason from troubles[0].__cause__

    async def close(self, patience_s: float = CLOSE_S) -> None:
        """Ends the processes; a job in work has `patience_s` seconds left, then its process is killed."""
        processes, self._processes = self._processes, set()
        self._idle = asyncio.Queue()
        ending = asyncio.gather(*(asyncio.to_thread(one.end) for one in processes))
        try:
            async with asyncio.timeout(patience_s):
                await asyncio.shield(ending)
        except TimeoutError:
            for one in processes:
                one.kill()
            await ending

    async def render(self, job: RenderJob, folder: Path) -> RenderResult:
        """Renders in the next free worker.

        Cancelling gives the song up at once; its worker is free again when it has finished, and may still write files.

        Raises:
            RenderFailed: with its kinds; where a worker died, the pool has replaced it.
        """
        future = await self._submit(job, folder)
        started = time.monotonic()
        try:
            made = await asyncio.wrap_future(future)
        except RenderFailed:
            raise
        except BrokenProcessPool as error:
            raise _death(time.monotonic() - started, self._limit_of(job)) from error
        except Exception as error:
            raise RenderFailed("something went wrong in the studio while I rendered the song") from error
        files = [file for file in made if isinstance(file, RenderedFile)]
        left_out = [one for one in made if isinstance(one, Unmade)]
        return RenderResult(files, time.monotonic() - started, left_out)

    async def _submit(self, job: RenderJob, folder: Path) -> "Future[list[RenderedFile | Unmade]]":
        setup = replace(self._setup, limit_s=self._limit_of(job))
        for _ in range(_ATTEMPTS):
            if not self._processes:
                break
            process = await self._idle.get()
            share = self._share(job)
            try:
                future = process.submit(worker.work, job, folder, setup, share.block.name if share else None)
            except BrokenProcessPool:  # it died while idle
                self._replace(process)
                if share:
                    self._call_off(share)
                continue
            self._release_after(future, process, share)
            if share:
                self._play(share, job, process)
            return future
        raise RenderFailed("no render worker is running")

    def _share(self, job: RenderJob) -> "_Share | None":
        """Somebody to play a share of the song, if anybody has nothing to do."""
        size = block_bytes(job)
        if size is None or size >= self._too_large_bytes or self._idle.empty():
            return None
        try:
            block = Block(size)
        except OSError as error:
            self._tell_once(str(error))
            return None
        return _Share(self._idle.get_nowait(), block)

    def _play(self, share: "_Share", job: RenderJob, mixing: RenderProcess) -> None:
        """Has the share played, and `mixing` told when it is there or will not come."""

        def tell(done: "Future[tuple[Lent, ...]]") -> None:
            failed = done.cancelled() or done.exception() is not None
            mixing.tell(worker.News(share.block.name, None if failed else done.result()))

        try:
            # half the time: if it hangs, there is enough left to do without it
            setup = replace(self._setup, limit_s=self._setup.limit_s / 2)
            future = share.process.submit(worker.lend, job, setup, share.block.name)
        except BrokenProcessPool:
            mixing.tell(worker.News(share.block.name, None))
            self._replace(share.process)
            share.block.let_go()
            return
        future.add_done_callback(tell)
        self._release_after(future, share.process, share)

    def _call_off(self, share: "_Share") -> None:
        self._idle.put_nowait(share.process)
        for _ in range(2):
            share.block.let_go()

    def _add_process(self) -> "Future[int]":
        """A new process on its way up, ready to be given jobs."""
        process = RenderProcess()
        self._processes.add(process)
        self._idle.put_nowait(process)
        return process.submit(worker.warm_up, self._setup)

    def _release_after(self, future: "Future[Any]", process: RenderProcess, share: "_Share | None") -> None:
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._release, process, done, share))

    def _release(self, process: RenderProcess, done: "Future[Any]", share: "_Share | None") -> None:
        if share:
            share.block.let_go()
            if not done.cancelled() and isinstance(done.exception(), MemoryShort):
                self._too_large_bytes = min(self._too_large_bytes, share.block.size)
                self._tell_once(str(done.exception()))
        if process not in self._processes:
            return
        if not done.cancelled() and isinstance(done.exception(), BrokenProcessPool):
            self._replace(process)
        else:
            self._idle.put_nowait(process)

    def _tell_once(self, reason: str) -> None:
        if not self._has_told:
            self._has_told = True
            _log.warning("no shared memory for two workers to play one song, so one plays it alone", reason=reason)

    def _replace(self, process: RenderProcess) -> None:
        self._processes.discard(process)
        process.abandon()
        self._add_process()

    def _limit_of(self, job: RenderJob) -> float:
        return self._setup.limit_s * (1 + len(job.extras))


@dataclass(frozen=True, slots=True)
class _Share:
    """Who plays a share of a song, and where to."""

    process: RenderProcess
    block: Block


def _death(seconds: float, limit_s: float) -> RenderFailed:
    if seconds >= limit_s:
        return RenderTimeout(f"rendering took longer than {limit_s:g} seconds, so I gave it up")
    return WorkerDied("the render worker died on this song; please try again")
