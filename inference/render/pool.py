"""Render workers: processes, because the synth holds the interpreter lock while it plays."""

import asyncio
import multiprocessing
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from inference.render import worker
from inference.render.errors import RenderFailed, RenderTimeout
from inference.render.job import RenderedFile, RenderJob, Unmade
from inference.render.sounds import DEFAULT_SOUNDS

LIMIT_S = 180.0
CLOSE_S = 5.0
_ATTEMPTS = 3


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

    Args:
        workers: processes, at least 1.
        soundfont: an sf2 file; None is the band's own.
        sounds: the genres' sounds.
        limit_s: longest time for one job; every extra file adds as much.
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

    async def _submit(
        self, job: RenderJob, folder: Path
    ) -> tuple[ProcessPoolExecutor, "Future[list[RenderedFile | Unmade]]"]:
        limit_s = self._limit_of(job)
        for _ in range(_ATTEMPTS):
            if not self._executors:
                break
            executor = await self._idle.get()
            try:
                return executor, executor.submit(worker.work, job, folder, limit_s, self._soundfont, self._sounds)
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

    def _release(self, executor: ProcessPoolExecutor, done: "Future[list[RenderedFile | Unmade]]") -> None:
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

    def _limit_of(self, job: RenderJob) -> float:
        return self._limit_s * (1 + len(job.extras))


def _death(seconds: float, limit_s: float) -> RenderFailed:
    if seconds >= limit_s:
        return RenderTimeout(f"rendering took longer than {limit_s:g} seconds, so I gave it up")
    return RenderFailed("the render worker died on this song; please try again")
