"""A song's life as the wire sees it: accepted or refused, watched, cancelled, done or failed with a reason."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil

import structlog

from inference.api import ErrorCode, ErrorDetail, SongBody, SongState, SongStatus
from inference.render.errors import write_error
from inference.server.archive import Archive
from inference.server.feed import StatusFeed
from inference.server.limits import ServerLimits
from inference.server.line import LineFull, Ticket, WaitingLine
from inference.server.metrics import Metrics
from inference.server.order import Order, fingerprint, take_order
from inference.server.producer import Producer, Studio, Work
from inference.server.refusal import Refusal
from inference.server.register import Entry, Register
from inference.server.stages import StageFailed

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

_PRUNE_EVERY_S = 60.0
_SHUT_DOWN = "the service shut down before the song was finished"
_GONE = (SongState.FAILED, SongState.CANCELLED)


class SongService:
    """Takes requests and sees each through to its end. Belongs to one event loop."""

    def __init__(self, studio: Studio, archive: Archive, limits: ServerLimits) -> None:
        self.limits = limits
        self.register = Register(archive, limits)
        self.line = WaitingLine(studio.engine.stats().slots, limits.max_waiting)
        self.metrics = Metrics(studio.engine, self.line)
        self.is_closing = False
        self._studio = studio
        self._producer = Producer(studio, archive, self.line, self.metrics)
        self._at_work: dict[str, tuple[Work, asyncio.Task[None]]] = {}
        self._uncollected: set[Entry] = set()
        self._idle = asyncio.Event()
        self._collected = asyncio.Event()
        self._idle.set()
        self._collected.set()
        self._group: asyncio.TaskGroup | None = None
        self._grace: asyncio.Timeout | None = None

    @property
    def checkpoint(self) -> str:
        return self._studio.engine.checkpoint

    @property
    def is_ready(self) -> bool:
        """Whether a song asked for now would be made."""
        return self._group is not None and not self.is_closing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Songs are made inside this context, which is also the engine's life. Raises OSError without an archive."""
        await self.register.restore()
        self._studio.engine.start()
        try:
            async with self._work_group():
                yield
        finally:
            await asyncio.to_thread(self._studio.engine.stop)

    def accept(self, body: SongBody) -> SongStatus:
        """Starts a song, or finds the one that the same request started before; never composes a song twice.

        A song that failed or was cancelled is started again under its id, with the seed it had.

        Raises:
            Refusal: a wish cannot be met, the id names another song, the queue is full, or the service is closing.
        """
        known = None if body.request_id is None else self.register.get(body.request_id)
        if known is not None and known.fingerprint != fingerprint(body):
            raise Refusal(
                ErrorCode.BAD_REQUEST,
                f"request_id {body.request_id} already names a different song; a new song needs a new request_id",
                status=409,
            )
        if known is not None and known.feed.state not in _GONE:
            return known.feed.status
        if self.is_closing or self._group is None:
            raise Refusal(
                ErrorCode.SHUTTING_DOWN, "the service is shutting down and takes no new songs; ask again soon"
            )
        seed = None if known is None else known.feed.status.seed
        order = take_order(body, self._studio.catalogue, self.checkpoint, seed)
        return self._start(order, body, attempt=1 if known is None else known.attempt + 1)

    def cancel(self, id: str) -> SongStatus:
        """Stops a song that has not ended; one that has stays as it is. Raises Refusal (not found)."""
        entry = self.register.find(id)
        if entry.feed.publish(state=SongState.CANCELLED, files=[]):
            self._stop(entry)
        return entry.feed.status

    def collected(self, entry: Entry, name: str) -> None:
        """A file of a song is on its way to whoever asked for it."""
        entry.collected.add(name)
        if not entry.uncollected:
            self._uncollected.discard(entry)
        if not self._uncollected:
            self._collected.set()

    async def drain(self) -> None:
        """Takes no new songs and lets running ones end and be fetched, as long as the limits allow; then stops them."""
        self.is_closing = True
        try:
            async with asyncio.timeout(self.limits.grace_s) as self._grace:
                await self._idle.wait()
        except TimeoutError:
            for work, _ in list(self._at_work.values()):
                if self._fail(work, ErrorCode.SHUTTING_DOWN, _SHUT_DOWN):
                    self._stop(work.entry)
            await self._idle.wait()
        try:
            async with asyncio.timeout(self.limits.linger_s):
                await self._collected.wait()
        except TimeoutError:
            log.info("songs were not fetched", songs=len(self._uncollected))
            self._uncollected.clear()
            self._collected.set()

    def hurry(self) -> None:
        """Ends the grace period of `drain` now."""
        if self._grace is not None and not self._grace.expired() and not self._idle.is_set():
            self._grace.reschedule(asyncio.get_running_loop().time())

    def _start(self, order: Order, body: SongBody, attempt: int) -> SongStatus:
        feed = StatusFeed(order.first_status())
        ticket = Ticket(body.client, body.scheduled, lambda position: self._producer.moved(order, feed, position))
        try:
            self.line.join(ticket)
        except LineFull:
            raise self._full() from None
        work = Work(order, Entry(feed, order.fingerprint, attempt), ticket)
        self.register.add(work.entry)
        self._idle.clear()
        if self._group is None:
            raise RuntimeError("songs are made only while the service runs")
        task = self._group.create_task(self._see_through(work), name=f"song {work.entry.key}")
        self._at_work[work.entry.key] = (work, task)
        # A task cancelled before its first step runs no `finally`: what must happen is done here.
        task.add_done_callback(lambda _: self._ended(work))
        return feed.status

    def _full(self) -> Refusal:
        wait_s = max(1, ceil(self._producer.pace.wait_s(1, self.line.slots)))
        sentence = f"the queue is full; ask again in {wait_s} s"
        return Refusal(ErrorCode.QUEUE_FULL, sentence, retry_after_s=float(wait_s))

    async def _see_through(self, work: Work) -> None:
        """Makes the song and turns whatever goes wrong into its final state."""
        structlog.contextvars.bind_contextvars(request_id=work.entry.id)
        log.info("song accepted", genre=work.order.genre.name, bars=work.order.bars, attempt=work.entry.attempt)
        try:
            async with asyncio.timeout(work.order.deadline_s) as deadline:
                await self._producer.make(work)
        except StageFailed as failure:
            self._fail(work, failure.code, str(failure))
        except OSError as error:
            if deadline.expired():
                wait_s = f"{work.order.deadline_s:g} s"
                self._fail(work, ErrorCode.DEADLINE_PASSED, f"the song was not finished within {wait_s}")
            else:
                trouble = write_error(error)
                self._fail(work, trouble.code, str(trouble))
        except Exception:  # whatever it is, it must end this song only
            log.exception("song broke")
            composing = work.feed.state is not SongState.RENDERING
            code = ErrorCode.COMPOSE_FAILED if composing else ErrorCode.RENDER_FAILED
            self._fail(work, code, f"something broke on our side; the log tells more under {work.entry.id}")
        finally:
            self.line.leave(work.ticket)
            await self._file_away(work.entry)

    async def _file_away(self, entry: Entry) -> None:
        try:
            await self.register.settle(entry)
        except OSError as error:  # the song is delivered all the same; only a restart would forget it
            log.warning("song not filed away", reason=error.strerror)
        await self._prune(entry)

    async def _prune(self, spared: Entry | None = None) -> None:
        try:
            await self.register.prune(spared)
        except OSError as error:
            log.warning("old songs not removed", reason=error.strerror)

    def _ended(self, work: Work) -> None:
        self._fail(work, ErrorCode.SHUTTING_DOWN, _SHUT_DOWN)  # ignored unless the task was cancelled from outside
        status = work.feed.status
        code = None if status.error is None else status.error.code
        self.line.leave(work.ticket)
        self.register.ended(work.entry)
        self.metrics.ended(status.state, code)
        log.info("song ended", request_id=status.id, state=status.state, code=code, seconds=status.seconds)
        if self.is_closing and status.state is SongState.DONE and work.entry.uncollected:
            self._uncollected.add(work.entry)
            self._collected.clear()
        del self._at_work[work.entry.key]
        if not self._at_work:
            self._idle.set()

    def _fail(self, work: Work, code: ErrorCode, sentence: str) -> bool:
        """False if the song had ended already."""
        error = ErrorDetail(code=code, message=sentence)
        return work.feed.publish(state=SongState.FAILED, error=error, files=[])

    def _stop(self, entry: Entry) -> None:
        if entry.key in self._at_work:
            work, task = self._at_work[entry.key]
            task.cancel()
            self.line.leave(work.ticket)  # at once: nobody should wait for a cancelled song's folder to be removed

    @asynccontextmanager
    async def _work_group(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            pruning = group.create_task(self._prune_regularly())
            self._group = group
            try:
                yield
            finally:
                self._group = None
                pruning.cancel()

    async def _prune_regularly(self) -> None:
        while True:
            await self._prune()
            await asyncio.sleep(_PRUNE_EVERY_S)
