"""A song's life as the wire sees it: accepted or refused, watched, cancelled, done or failed with a reason."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from inference.api import ErrorCode, SongBody, SongState, SongStatus
from inference.latent.contract import no_steer
from inference.music.errors import InvalidSpec
from inference.music.genre import GenreCatalogue
from inference.server.admission import Admission
from inference.server.afterwards import Afterwards
from inference.server.archive import Archive
from inference.server.collection import Collection
from inference.server.feed import StatusFeed
from inference.server.limits import ServerLimits
from inference.server.line import Ticket, WaitingLine
from inference.server.metrics import Metrics
from inference.server.order import Order, fingerprint, resume_order, take_order
from inference.server.producer import Producer, Studio, Work
from inference.server.refusal import Refusal
from inference.server.register import Entry, Register
from inference.server.workshop import Workshop

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

_PRUNE_EVERY_S = 60.0
_LOOK_EVERY_S = 0.1
_GONE = (SongState.FAILED, SongState.CANCELLED)


class SongService:
    """Takes requests and sees each through to its end. Belongs to one event loop."""

    def __init__(self, studio: Studio, archive: Archive, limits: ServerLimits) -> None:
        self.limits = limits
        self.register = Register(archive, limits)
        self.line = WaitingLine(studio.engine.stats().slots, limits.max_waiting)
        self.metrics = Metrics(studio.engine, self.line)
        self.afterwards = Afterwards(studio.renderer, studio.catalogue, self.register, limits)
        self.is_closing = False
        self.engine_lost = asyncio.Event()
        self._studio = studio
        self._producer = Producer(studio, self.register, self.line, self.metrics, limits)
        self._admission = Admission(self.line, self._producer.pace, limits)
        self._workshop = Workshop(self._producer, self.register, self.line, self.metrics, self._done)
        self._collection = Collection()
        self._grace: asyncio.Timeout | None = None

    @property
    def checkpoint(self) -> str:
        """The first digits of the hash of the weights."""
        return self._studio.engine.checkpoint

    @property
    def catalogue(self) -> GenreCatalogue:
        """The genres that may be asked for."""
        return self._studio.catalogue

    @property
    def is_ready(self) -> bool:
        """Whether a song asked for now would be made."""
        return self._takes_songs and self._studio.engine.is_alive

    @property
    def _takes_songs(self) -> bool:
        return self._workshop.is_open and not self.is_closing

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
            async with self._workshop.open(self._prune_regularly, self._watch):
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
        known = self._known(body)
        if known is not None and known.feed.state not in _GONE:
            entry = self.register.find(known.id)
        else:
            entry = self._begin(body, peer, known)
        await entry.stored.wait()
        status = entry.feed.status
        if not entry.is_stored and status.error is not None:
            raise Refusal(status.error.code, status.error.message)
        return status

    def _known(self, body: SongBody) -> Entry | None:
        """What an earlier request of that id started. Raises Refusal if that was another song."""
        known = None if body.request_id is None else self.register.get(body.request_id)
        if known is not None and known.fingerprint != fingerprint(body):
            raise Refusal(
                ErrorCode.BAD_REQUEST,
                f"request_id {body.request_id} already names a different song; a new song needs a new request_id",
                status=409,
            )
        return known

    def _begin(self, body: SongBody, peer: str, gone: Entry | None) -> Entry:
        """A new song, or another attempt at one that is gone. Raises Refusal."""
        order = self._order(body, None if gone is None else gone.feed.status.seed)
        filled_in = {
            "request_id": order.id,
            "seed": order.sampling.seed,
            "seed_drawn": order.seed_drawn,
            "client": body.client or peer,
        }
        asked = body.model_copy(update=filled_in)
        attempt = 1 if gone is None else gone.attempt + 1
        entry = Entry(StatusFeed(order.first_status()), order.fingerprint, body=asked, attempt=attempt)
        ticket = self._ticket(order, entry, asked)
        self._admission.admit(order, ticket)
        self._workshop.start(Work(order, entry, ticket))
        return entry

    def _order(self, body: SongBody, seed: int | None) -> Order:
        """Raises Refusal when no songs are taken now, or not this one."""
        if not self._takes_songs:
            raise Refusal(
                ErrorCode.SHUTTING_DOWN, "the service is shutting down and takes no new songs; ask again soon"
            )
        if not self._studio.engine.is_alive:
            raise Refusal(ErrorCode.UNAVAILABLE, "the engine is gone and the service restarts; ask again soon")
        order = take_order(body, self.catalogue, self.checkpoint, seed)
        if self._studio.steer is no_steer:
            try:
                no_steer(order.spec, order.sampling)
            except InvalidSpec as error:
                raise Refusal(ErrorCode.INVALID_OPTION, str(error)) from error
        return order

    def _ticket(self, order: Order, entry: Entry, body: SongBody) -> Ticket:
        def moved(position: int) -> None:
            self._producer.moved(order, entry.feed, position)

        return Ticket(body.client, body.scheduled, moved, bars_left=order.bars, user=body.user)

    async def _resume(self, entry: Entry) -> None:
        """Takes up a song that an earlier life of the service owes; one that cannot be made any more has failed."""
        if entry.body is None:
            raise RuntimeError("only a song that is owed can be resumed")
        self.metrics.resumed()
        try:
            order = resume_order(entry.body, entry.feed.status.recipe, self.catalogue, self.checkpoint)
        except Refusal as refusal:
            entry.feed.publish(state=SongState.FAILED, error=refusal.detail, files=[])
            log.warning("song cannot be resumed", request_id=entry.id, reason=str(refusal))
            await self._workshop.file_away(entry)
            return
        entry.feed = StatusFeed(order.first_status(), first_version=entry.feed.version)
        ticket = self._ticket(order, entry, entry.body)
        self.line.rejoin(ticket)
        self._workshop.start(Work(order, entry, ticket))
        log.info("song resumed", request_id=entry.id, tries=entry.tries)

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
            self._workshop.stop(entry)
        return entry.feed.status

    async def _take_back(self, entry: Entry) -> None:
        """No other life of the service shall go on with a song that was put off."""
        await self._workshop.end_of(entry)  # what it still writes must not come after
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
        self._collection.fetched(entry, name)

    def _done(self, entry: Entry) -> None:
        if self.is_closing:
            self._collection.leave(entry)

    async def drain(self) -> None:
        """Takes no new songs and lets running ones end and be fetched, as long as the limits allow.

        Songs that need longer are put off: they stay on disk, and the next service in this folder goes on with them.
        """
        self.is_closing = True
        grace_s = self.limits.grace_s if self._studio.engine.is_alive else 0.0
        try:
            async with asyncio.timeout(grace_s) as self._grace:
                await self._workshop.all_done()
        except TimeoutError:
            await self._workshop.put_all_off()
        try:
            async with asyncio.timeout(self.limits.linger_s):
                await self._collection.all_fetched()
        except TimeoutError:
            log.info("songs were not fetched", songs=self._collection.give_up())

    def hurry(self) -> None:
        """Ends the grace period of `drain` now."""
        if self._grace is not None and not self._grace.expired() and not self._workshop.is_idle:
            self._grace.reschedule(asyncio.get_running_loop().time())

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
            await self._workshop.prune()
            await asyncio.sleep(_PRUNE_EVERY_S)
