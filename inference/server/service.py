"""A song's life as the wire sees it: accepted or refused, watched, cancelled, done or failed with a reason."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from inference.api import ErrorCode, ErrorDetail, SongBody, SongState, SongStatus
from inference.latent.contract import no_steer
from inference.music.errors import InvalidSpec
from inference.music.genre import GenreCatalogue
from inference.render.errors import write_error
from inference.server.admission import Admission
from inference.server.afterwards import Afterwards
from inference.server.archive import Archive
from inference.server.feed import StatusFeed
from inference.server.limits import ServerLimits
from inference.server.line import Ticket, WaitingLine
from inference.server.metrics import Metrics
from inference.server.order import Order, fingerprint, resume_order, take_order
from inference.server.producer import Producer, Studio, Work
from inference.server.refusal import Refusal
from inference.server.register import Entry, Register
from inference.server.stages import StageFailed

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

_PRUNE_EVERY_S = 60.0
_LOOK_EVERY_S = 0.1
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
        self._producer = Producer(studio, self.register, self.line, self.metrics, limits)
        self.afterwards = Afterwards(studio.renderer, studio.catalogue, self.register, limits)
        self._admission = Admission(self.line, self._producer.pace, limits)
        self._at_work: dict[str, tuple[Work, asyncio.Task[None]]] = {}
        self._uncollected: set[Entry] = set()
        self._idle = asyncio.Event()
        self._collected = asyncio.Event()
        self.engine_lost = asyncio.Event()
        self._idle.set()
        self._collected.set()
        self._group: asyncio.TaskGroup | None = None
        self._grace: asyncio.Timeout | None = None

    @property
    def checkpoint(self) -> str:
        return self._studio.engine.checkpoint

    @property
    def catalogue(self) -> GenreCatalogue:
        """The genres that may be asked for."""
        return self._studio.catalogue

    @property
    def is_ready(self) -> bool:
        """Whether a song asked for now would be made."""
        return self._group is not None and not self.is_closing and self._studio.engine.is_alive

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Songs are made inside this context, which is also the engine's life; those still owed come first.

        Raises:
            ArchiveInUse, OSError: without an archive.
        """
        owed = await self.register.restore()
        self.metrics.kept(lambda: self.register.size_bytes)
        self._studio.engine.start()
        try:
            async with self._work_group():
                for entry in owed:
                    await self._resume(entry)
                yield
        finally:
            await asyncio.to_thread(self._studio.engine.stop)
            await self.register.close()

    async def accept(self, body: SongBody, peer: str = "") -> SongStatus:
        """Starts a song, or finds the one that the same request started before; never composes a song twice.

        When this returns, the song is on disk and outlives any end of this process. A song that failed or was
        cancelled is started again under its id, with the seed it had.

        Args:
            body: what to compose.
            peer: stands for the client when the body names none.

        Raises:
            Refusal: a wish cannot be met, the id names another song, the queue is full, the client has had its share,
                the disk is full, or the service is closing.
        """
        entry = self._find_or_start(body, peer)
        await entry.stored.wait()
        status = entry.feed.status
        if not entry.is_stored and status.error is not None:
            raise Refusal(status.error.code, status.error.message)
        return status

    def _find_or_start(self, body: SongBody, peer: str) -> Entry:
        known = None if body.request_id is None else self.register.get(body.request_id)
        if known is not None and known.fingerprint != fingerprint(body):
            raise Refusal(
                ErrorCode.BAD_REQUEST,
                f"request_id {body.request_id} already names a different song; a new song needs a new request_id",
                status=409,
            )
        if known is not None and known.feed.state not in _GONE:
            return self.register.find(known.id)
        if self.is_closing or self._group is None:
            raise Refusal(
                ErrorCode.SHUTTING_DOWN, "the service is shutting down and takes no new songs; ask again soon"
            )
        if not self._studio.engine.is_alive:
            raise Refusal(ErrorCode.UNAVAILABLE, "the engine is gone and the service restarts; ask again soon")
        seed = None if known is None else known.feed.status.seed
        order = take_order(body, self._studio.catalogue, self.checkpoint, seed)
        if self._studio.steer is no_steer:
            self._need_no_space(order)
        filled_in = {
            "request_id": order.id,
            "seed": order.sampling.seed,
            "seed_drawn": order.seed_drawn,
            "client": body.client or peer,
        }
        asked = body.model_copy(update=filled_in)
        entry = Entry(
            StatusFeed(order.first_status()),
            order.fingerprint,
            body=asked,
            attempt=1 if known is None else known.attempt + 1,
        )
        ticket = self._ticket(order, entry, asked)
        self._admission.admit(order, ticket)
        self._start(Work(order, entry, ticket))
        return entry

    def _need_no_space(self, order: Order) -> None:
        try:
            no_steer(order.spec, order.sampling)
        except InvalidSpec as error:
            raise Refusal(ErrorCode.INVALID_OPTION, str(error)) from error

    async def cancel(self, id: str) -> SongStatus:
        """Stops a song that has not ended; one that has stays as it is.

        Raises:
            Refusal: not found; or it goes on after a restart, and that could not be prevented.
        """
        entry = self.register.get(id)
        if entry is not None and entry.is_put_off:
            await self._take_back(entry)
        entry = self.register.find(id)
        if entry.feed.publish(state=SongState.CANCELLED, files=[]):
            self._stop(entry)
        return entry.feed.status

    async def _take_back(self, entry: Entry) -> None:
        """No other life of the service shall go on with a song that was put off."""
        if entry.key in self._at_work:
            _, task = self._at_work[entry.key]
            await asyncio.wait([task])  # what it still writes must not come after
        try:
            await self.register.withdraw(entry)
        except OSError as error:
            log.warning("song put off not taken back", request_id=entry.id, reason=error.strerror)
            return
        if entry.feed.publish(state=SongState.CANCELLED, files=[]):
            self.metrics.ended(SongState.CANCELLED, None)
            log.info("song put off and cancelled", request_id=entry.id)

    def collected(self, entry: Entry, name: str) -> None:
        """A file of a song is on its way to whoever asked for it."""
        entry.collected.add(name)
        if not entry.uncollected:
            self._uncollected.discard(entry)
        if not self._uncollected:
            self._collected.set()

    async def drain(self) -> None:
        """Takes no new songs and lets running ones end and be fetched, as long as the limits allow.

        Songs that need longer are put off: they stay on disk, and the next service in this folder goes on with them.
        """
        self.is_closing = True
        grace_s = self.limits.grace_s if self._studio.engine.is_alive else 0.0
        try:
            async with asyncio.timeout(grace_s) as self._grace:
                await self._idle.wait()
        except TimeoutError:
            for work, _ in list(self._at_work.values()):
                await self._put_off(work)
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

    def _ticket(self, order: Order, entry: Entry, body: SongBody) -> Ticket:
        def moved(position: int) -> None:
            self._producer.moved(order, entry.feed, position)

        return Ticket(body.client, body.scheduled, moved, bars_left=order.bars, user=body.user)

    def _start(self, work: Work) -> None:
        self.register.add(work.entry)
        self._idle.clear()
        if self._group is None:
            raise RuntimeError("songs are made only while the service runs")
        task = self._group.create_task(self._see_through(work), name=f"song {work.entry.key}")
        self._at_work[work.entry.key] = (work, task)
        self._producer.make_room()
        # A task cancelled before its first step runs no `finally`: what must happen is done here.
        task.add_done_callback(lambda _: self._ended(work))

    async def _resume(self, entry: Entry) -> None:
        """Takes up a song that an earlier life of the service owes; one that cannot be made any more has failed."""
        if entry.body is None:
            raise RuntimeError("only a song that is owed can be resumed")
        self.metrics.resumed()
        try:
            order = resume_order(entry.body, entry.feed.status.recipe, self._studio.catalogue, self.checkpoint)
        except Refusal as refusal:
            entry.feed.publish(state=SongState.FAILED, error=refusal.detail, files=[])
            log.warning("song cannot be resumed", request_id=entry.id, reason=str(refusal))
            await self._file_away(entry)
            return
        entry.feed = StatusFeed(order.first_status(), first_version=entry.feed.version)
        ticket = self._ticket(order, entry, entry.body)
        self.line.rejoin(ticket)
        self._start(Work(order, entry, ticket))
        log.info("song resumed", request_id=entry.id, tries=entry.tries)

    async def _put_off(self, work: Work) -> None:
        if work.feed.is_final:
            return
        try:
            await self.register.put_off(work.entry)
        except OSError as error:  # what was written when it was accepted is still there
            log.warning("song put off without a new record", request_id=work.entry.id, reason=error.strerror)
        log.info("song put off", request_id=work.entry.id)
        self._stop(work.entry)

    async def _see_through(self, work: Work) -> None:
        """Makes the song and turns whatever goes wrong into its final state."""
        structlog.contextvars.bind_contextvars(request_id=work.entry.id)
        log.info("song accepted", genre=work.order.genre.name, bars=work.order.bars, attempt=work.entry.attempt)
        deadline = asyncio.timeout(work.order.deadline_s)
        try:
            if not work.entry.is_stored:
                await self.register.store(work.entry)
            async with deadline:
                await self._producer.make(work)
        except StageFailed as failure:
            if not self._fail_if_late(work):  # the engine gives up what is late as well, and may be the first to say
                self._fail(work, failure.code, str(failure))
        except OSError as error:
            if not (deadline.expired() and self._fail_if_late(work)):
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
        work.entry.stored.set()
        if not work.entry.is_put_off:
            self._settle_accounts(work)
        del self._at_work[work.entry.key]
        if not self._at_work:
            self._idle.set()

    def _settle_accounts(self, work: Work) -> None:
        self._fail(work, ErrorCode.SHUTTING_DOWN, _SHUT_DOWN)  # ignored unless the task was cancelled from outside
        status = work.feed.status
        code = None if status.error is None else status.error.code
        self.line.leave(work.ticket)
        self.register.ended(work.entry)
        self.metrics.ended(status.state, code)
        if status.state is SongState.DONE:
            self._producer.pace.departed(time.monotonic(), others_wait=self.line.waiting > 0)
        log.info("song ended", request_id=status.id, state=status.state, code=code, seconds=status.seconds)
        if self.is_closing and status.state is SongState.DONE and work.entry.uncollected:
            self._uncollected.add(work.entry)
            self._collected.clear()

    def _fail_if_late(self, work: Work) -> bool:
        """False if its deadline is not over, or the song had ended already."""
        sentence = f"the song was not finished within {work.order.deadline_s:g} s"
        return work.left_s == 0 and self._fail(work, ErrorCode.DEADLINE_PASSED, sentence)

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
            chores = [group.create_task(chore) for chore in (self._prune_regularly(), self._watch())]
            self._group = group
            try:
                yield
            finally:
                self._group = None
                for chore in chores:
                    chore.cancel()

    async def _watch(self) -> None:
        """Measures the event loop, and sees when the engine is beyond help."""
        while True:
            due = time.monotonic() + _LOOK_EVERY_S
            await asyncio.sleep(_LOOK_EVERY_S)
            self.metrics.loop_was_late(time.monotonic() - due)
            if not self._studio.engine.is_alive and not self.engine_lost.is_set():
                log.critical("engine lost; songs in the making are kept for the next start")
                self.engine_lost.set()

    async def _prune_regularly(self) -> None:
        while True:
            await self._prune()
            await asyncio.sleep(_PRUNE_EVERY_S)
