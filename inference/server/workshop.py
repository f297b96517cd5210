"""The songs in the making: a task for each, which sees it through to its end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from inference.api import ErrorCode, ErrorDetail, SongState
from inference.render.errors import write_error
from inference.server.line import WaitingLine
from inference.server.metrics import Metrics
from inference.server.producer import Producer, Work
from inference.server.register import Entry, Register
from inference.server.stages import StageFailed

_SHUT_DOWN = "the service shut down before the song was finished"
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


class Workshop:
    """Whatever goes wrong with a song, it ends with a final state and on disk, or is put off for the next service.

    Args:
        producer: leads a song through its stages.
        register: knows the songs and writes them down.
        line: where they wait.
        metrics: counts those that ended.
        on_done: called with each song that is finished.
    """

    def __init__(
        self,
        producer: Producer,
        register: Register,
        line: WaitingLine,
        metrics: Metrics,
        on_done: Callable[[Entry], None],
    ) -> None:
        self._producer = producer
        self._register = register
        self._line = line
        self._metrics = metrics
        self._on_done = on_done
        self._at_work: dict[str, tuple[Work, asyncio.Task[None]]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._group: asyncio.TaskGroup | None = None

    @property
    def is_open(self) -> bool:
        """Whether songs can be started."""
        return self._group is not None

    @property
    def is_idle(self) -> bool:
        """Whether no song is in the making."""
        return self._idle.is_set()

    @asynccontextmanager
    async def open(self, *chores: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
        """Songs are made inside this context, and the chores, which never end of themselves, are done beside them."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(chore()) for chore in chores]
            self._group = group
            try:
                yield
            finally:
                self._group = None
                for task in tasks:
                    task.cancel()

    def start(self, work: Work) -> None:
        """Begins a song that has a place in the line. Raises RuntimeError unless the workshop is open."""
        self._register.add(work.entry)
        self._idle.clear()
        if self._group is None:
            raise RuntimeError("songs are made only while the service runs")
        task = self._group.create_task(self._see_through(work), name=f"song {work.entry.key}")
        self._at_work[work.entry.key] = (work, task)
        self._producer.make_room()
        # A task cancelled before its first step runs no `finally`: what must happen is done here.
        task.add_done_callback(lambda _: self._ended(work))

    def stop(self, entry: Entry) -> None:
        """Gives up a song, if it is in the making."""
        if entry.key in self._at_work:
            work, task = self._at_work[entry.key]
            task.cancel()
            self._line.leave(work.ticket)  # at once: nobody should wait for a cancelled song's folder to be removed

    async def end_of(self, entry: Entry) -> None:
        """Returns when nothing is written of a song any more."""
        if entry.key in self._at_work:
            _, task = self._at_work[entry.key]
            await asyncio.wait([task])

    async def all_done(self) -> None:
        """Returns when no song is in the making."""
        await self._idle.wait()

    async def put_all_off(self) -> None:
        """Stops every song; they stay on disk, and the next service in this folder goes on with them."""
        for work, _ in list(self._at_work.values()):
            await self._put_off(work)
        await self._idle.wait()

    async def _put_off(self, work: Work) -> None:
        if work.feed.is_final:
            return
        try:
            await self._register.put_off(work.entry)
        except OSError as error:  # what was written when it was accepted is still there
            log.warning("song put off without a new record", request_id=work.entry.id, reason=error.strerror)
        log.info("song put off", request_id=work.entry.id)
        self.stop(work.entry)

    async def _see_through(self, work: Work) -> None:
        """Makes the song and turns whatever goes wrong into its final state."""
        structlog.contextvars.bind_contextvars(request_id=work.entry.id)
        log.info("song accepted", genre=work.order.genre.name, bars=work.order.bars, attempt=work.entry.attempt)
        deadline = asyncio.timeout(work.order.deadline_s)
        try:
            if not work.entry.is_stored:
                await self._register.store(work.entry)
            async with deadline:
                await self._producer.make(work)
        except StageFailed as failure:
            if not _fail_if_late(work):  # the engine gives up what is late as well, and may be the first to say
                _fail(work, failure.code, str(failure))
        except OSError as error:
            if not (deadline.expired() and _fail_if_late(work)):
                trouble = write_error(error)
                _fail(work, trouble.code, str(trouble))
        except Exception:  # whatever it is, it must end this song only
            log.exception("song broke")
            composing = work.feed.state is not SongState.RENDERING
            code = ErrorCode.COMPOSE_FAILED if composing else ErrorCode.RENDER_FAILED
            _fail(work, code, f"something broke on our side; the log tells more under {work.entry.id}")
        finally:
            self._line.leave(work.ticket)
            await self.file_away(work.entry)

    async def file_away(self, entry: Entry) -> None:
        """Keeps what a song that has ended leaves behind, and makes room for it."""
        try:
            await self._register.settle(entry)
        except OSError as error:  # the song is delivered all the same; only a restart would forget it
            log.warning("song not filed away", reason=error.strerror)
        await self.prune(entry)

    async def prune(self, spared: Entry | None = None) -> None:
        """Removes songs that are too old, or too many or too much with others, but the one that is spared."""
        try:
            await self._register.prune(spared)
        except OSError as error:
            log.warning("old songs not removed", reason=error.strerror)

    def _ended(self, work: Work) -> None:
        work.entry.stored.set()
        if not work.entry.is_put_off:
            self._settle_accounts(work)
        del self._at_work[work.entry.key]
        if not self._at_work:
            self._idle.set()

    def _settle_accounts(self, work: Work) -> None:
        _fail(work, ErrorCode.SHUTTING_DOWN, _SHUT_DOWN)  # ignored unless the task was cancelled from outside
        status = work.feed.status
        code = None if status.error is None else status.error.code
        self._line.leave(work.ticket)
        self._register.ended(work.entry)
        self._metrics.ended(status.state, code)
        if status.state is SongState.DONE:
            self._producer.pace.departed(time.monotonic(), others_wait=self._line.waiting > 0)
        log.info("song ended", request_id=status.id, state=status.state, code=code, seconds=status.seconds)
        if status.state is SongState.DONE:
            self._on_done(work.entry)


def _fail_if_late(work: Work) -> bool:
    """False if its deadline is not over, or the song had ended already."""
    sentence = f"the song was not finished within {work.order.deadline_s:g} s"
    return work.left_s == 0 and _fail(work, ErrorCode.DEADLINE_PASSED, sentence)


def _fail(work: Work, code: ErrorCode, sentence: str) -> bool:
    """False if the song had ended already."""
    error = ErrorDetail(code=code, message=sentence)
    return work.feed.publish(state=SongState.FAILED, error=error, files=[])
