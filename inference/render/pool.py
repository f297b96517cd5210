"""Render workers: processes, because the synth holds the interpreter lock while it plays."""

import asyncio
import multiprocessing
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from inference.render import worker
from inference.render.errors import RenderFailed, RenderTimeout
from inference.render.job import RenderedFile, RenderJob
from inference.render.sounds import DEFAULT_SOUNDS

LIMIT_S = 180.0
CLOSE_S = 5.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class RenderResult:
    """The files of one job, in the order of its formats, and the seconds from a worker's yes to the last file."""

    files: list[RenderedFile]
    seconds: float


class RenderPool:
    """`workers` processes that take one job each, so that a crash takes no other song with it.

    Args:
        workers: processes, at least 1.
        soundfont: an sf2 file; None is the one that comes with pretty_midi.
        sounds: the genres' sounds.
        limit_s: longest time for one job.
    """

    def __init__(
        self, workers: int, *, soundfont: Path | None = None, sounds: Path = DEFAULT_SOUNDS, limit_s: float = LIMIT_S
    ) -> None:
        if workers < 1:
            raise ValueError(f"a render pool needs at least one worker, not {workers}")
        self._workers = workers
        self._soundfont = soundfont
        self._sounds = sounds
        self._limit_s = limit_s
        self._idle: asyncio.Queue[ProcessPoolExecutor] = asyncio.Queue()
        self._executors: set[ProcessPoolExecutor] = set()

    async def start(self) -> None:
        """Starts the processes and waits until they are warm.

        Raises:
            RenderFailed: SoundFont or sounds cannot be used, or no process comes up.
        """
        warm = [asyncio.wrap_future(self._add_executor()) for _ in range(self._workers)]
        troubles = [end for end in await asyncio.gather(*warm, return_exceptions=True) if isinstance(end, Exception)]
        if troubles:
            await self.close()
            reason = troubles[0] if isinstance(troubles[0], RenderFailed) else RenderFailed("no render worker starts")
            raise reason from troubles[0].__cause__

    async def close(self, patience_s: float = CLOSE_S) -> None:
        """Ends the processes; a job in work has `patience_s` seconds left, then its process is killed."""
        executors, self._executors = self._executors, set()
        self._idle = asyncio.Queue()
        # Before Python 3.14 an executor has no public way to end a worker that does not listen.
        workers = [worker for one in executors for worker in (one._processes or {}).values()]
        ending = asyncio.gather(*(asyncio.to_thread(one.shutdown, cancel_futures=True) for one in executors))
        try:
            async with asyncio.timeout(patience_s):
                await asyncio.shield(ending)
        except TimeoutError:
            for process in workers:
                process.kill()
            await ending

    async def render(self, job: RenderJob, folder: Path) -> RenderResult:
        """Renders in the next free worker.

        Cancelling gives the song up at once; its worker is free again when it has finished, and may still write files.

        Raises:
            RenderFailed: with its kinds; where a worker died, the pool has replaced it.
        """
        executor, future = await self._submit(job, folder)
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._release, executor, done))
        try:
            files = await asyncio.wrap_future(future)
        except RenderFailed:
            raise
        except BrokenProcessPool as error:
            raise self._death(time.monotonic() - started) from error
        except Exception as error:
            raise RenderFailed("something went wrong in the studio while I rendered the song") from error
        return RenderResult(files, time.monotonic() - started)

    async def _submit(self, job: RenderJob, folder: Path) -> tuple[ProcessPoolExecutor, "Future[list[RenderedFile]]"]:
        for _ in range(_ATTEMPTS):
            if not self._executors:
                break
            executor = await self._idle.get()
            try:
                return executor, executor.submit(worker.work, job, folder, self._limit_s, self._soundfont, self._sounds)
            except BrokenProcessPool:  # it died while idle
                self._replace(executor)
        raise RenderFailed("no render worker is running")

    def _add_executor(self) -> "Future[int]":
        """A new process on its way up, ready to be given jobs."""
        context = multiprocessing.get_context("spawn")  # a fork would copy the service's threads' locks
        executor = ProcessPoolExecutor(1, mp_context=context, initializer=worker.enter)
        self._executors.add(executor)
        self._idle.put_nowait(executor)
        return executor.submit(worker.warm_up, self._soundfont, self._sounds)

    def _release(self, executor: ProcessPoolExecutor, done: "Future[list[RenderedFile]]") -> None:
        if executor not in self._executors:
            return
        if not done.cancelled() and isinstance(done.exception(), BrokenProcessPool):
            self._replace(executor)
        else:
            self._idle.put_nowait(executor)

    def _replace(self, executor: ProcessPoolExecutor) -> None:
        self._executors.discard(executor)
        executor.shutdown(wait=False)
        self._add_executor()

    def _death(self, seconds: float) -> RenderFailed:
        if seconds >= self._limit_s:
            return RenderTimeout(f"rendering took longer than {self._limit_s:g} seconds, so I gave it up")
        return RenderFailed("the render worker died on this song; please try again")
