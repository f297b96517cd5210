"""An engine whose songs are written elsewhere: whoever is asked may die, and somebody else is asked again."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

import structlog

from inference.engine.contract import (
    Cancelled,
    ComposeJob,
    EngineEvent,
    EngineStats,
    Failed,
    Finished,
    Listener,
)

MAX_TRIES = 4
STOP_S = 10.0
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

Compose = Callable[[ComposeJob], AsyncGenerator[EngineEvent, None]]
_LAST = (Finished, Failed, Cancelled)


class Lost(Exception):
    """Whoever wrote the song is gone, and it can be written elsewhere."""


class RemoteEngine:
    """Implements `engine.contract.Engine` on a thread with an event loop of its own, which only listens.

    Args:
        compose: has a job written and gives its events; closing it early cancels the job. Raises Lost.
        checkpoint: hash of the weights that everybody there plays from.
        slots: songs that can be written at the same time, everywhere together.
    """

    def __init__(self, compose: Compose, checkpoint: str, slots: int) -> None:
        self._compose = compose
        self._checkpoint = checkpoint
        self._slots = slots
        self._following: dict[str, asyncio.Task[None]] = {}
        self._running: set[str] = set()
        self._steps = self._restarts = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: asyncio.TaskGroup | None = None
        self._ended: asyncio.Event | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), name="remote engine", daemon=True)

    @property
    def checkpoint(self) -> str:
        return self._checkpoint

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()
        self._up.wait()

    def submit(self, job: ComposeJob, listener: Listener) -> None:
        """See the contract. Raises RuntimeError when the engine does not run."""
        due_s = None if job.deadline_s is None else time.monotonic() + job.deadline_s
        self._later(lambda: self._begin(job, listener, due_s))

    def cancel(self, job_id: str) -> None:
        self._later(lambda: self._stop_following(job_id))

    def stats(self) -> EngineStats:
        running = len(self._running)
        waiting = max(0, len(self._following) - running)
        return EngineStats(waiting, running, self._slots, self._steps, self._restarts)

    def stop(self) -> None:
        if self._thread.is_alive() and self._ended is not None:
            self._later(self._ended.set)
            self._thread.join(STOP_S)

    def _later(self, act: Callable[[], object]) -> None:
        if self._loop is None:
            raise RuntimeError("the engine is not started")
        self._loop.call_soon_threadsafe(act)

    async def _work(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with asyncio.TaskGroup() as self._group:
            self._up.set()
            await self._ended.wait()
            for task in self._following.values():
                task.cancel()

    def _begin(self, job: ComposeJob, listener: Listener, due_s: float | None) -> None:
        if self._group is not None and self._ended is not None and not self._ended.is_set():
            self._following[job.id] = self._group.create_task(self._follow(job, listener, due_s), name=job.id)
        else:
            listener(Cancelled(job.id))

    def _stop_following(self, job_id: str) -> None:
        if job_id in self._following:
            self._following[job_id].cancel()

    async def _follow(self, job: ComposeJob, listener: Listener, due_s: float | None) -> None:
        """Sees a job to its last event, which the listener always gets."""
        last: EngineEvent = Cancelled(job.id)
        try:
            last = await self._last_event(job, listener, due_s)
        except asyncio.CancelledError:
            last = Cancelled(job.id)
        except Exception as error:  # whatever it is, it must end this song only
            log.exception("a song written elsewhere broke", request_id=job.id)
            last = Failed(job.id, f"{type(error).__name__}: {error}")
        finally:
            self._running.discard(job.id)
            self._following.pop(job.id, None)
            _tell(listener, last)

    async def _last_event(self, job: ComposeJob, listener: Listener, due_s: float | None) -> EngineEvent:
        for number in range(1, MAX_TRIES + 1):
            left_s = None if due_s is None else max(0.0, due_s - time.monotonic())
            # An id of its own: whoever was believed lost may still be at the song, and must not be taken for this one.
            once = replace(job, id=job.id if number == 1 else f"{job.id}~{number}", deadline_s=left_s)
            try:
                return await self._one_try(once, job.id, listener)
            except Lost as error:
                self._running.discard(job.id)
                self._restarts += 1
                log.warning("song lost and asked for again", request_id=job.id, tries=number, reason=str(error))
        return Failed(job.id, f"whoever wrote it died, {MAX_TRIES} times in a row")

    async def _one_try(self, job: ComposeJob, known_as: str, listener: Listener) -> EngineEvent:
        async with aclosing(self._compose(job)) as events:
            async for event in events:
                own = replace(event, job_id=known_as)
                if isinstance(own, Finished):
                    self._steps += own.steps
                if isinstance(own, _LAST):
                    return own
                self._running.add(known_as)
                _tell(listener, own)
        raise Lost("it ended without a song")


def _tell(listener: Listener, event: EngineEvent) -> None:
    try:
        listener(event)
    except Exception:  # one listener's fault must not stop everybody's songs
        log.exception("listener failed", request_id=event.job_id)
