"""All songs the service knows, by id: those being made, and finished ones until they are too old or too many."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from inference.api import ErrorCode, SongBody, SongState
from inference.server.archive import Archive, Record
from inference.server.feed import StatusFeed
from inference.server.limits import ServerLimits
from inference.server.refusal import Refusal

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


@dataclass(eq=False, slots=True)
class Entry:
    """One song.

    Args:
        feed: its status.
        fingerprint: equal for bodies that ask for the same song.
        body: what was asked, with the seed; None for a song that an earlier run finished.
        attempt: counts from 1; a song that failed may be asked for again under its id.
        accepted_at: in Unix seconds.
        finished_at: in Unix seconds, None while it is being made.
        tries: how often a service began to compose it.
        collected: names of files that were fetched since the service started.
        stored: set as soon as it is on disk, or has ended without (`is_stored` tells which).
        is_put_off: it goes on in another life of the service.
    """

    feed: StatusFeed
    fingerprint: str
    body: SongBody | None = None
    attempt: int = 1
    accepted_at: float = field(default_factory=time.time)
    finished_at: float | None = None
    tries: int = 0
    collected: set[str] = field(default_factory=set)
    stored: asyncio.Event = field(default_factory=asyncio.Event)
    is_stored: bool = False
    is_put_off: bool = False

    @property
    def id(self) -> str:
        return self.feed.status.id

    @property
    def key(self) -> str:
        """Names the attempt for the engine and on disk; an id has no dot, so no two attempts meet."""
        return self.id if self.attempt == 1 else f"{self.id}.{self.attempt}"

    @property
    def uncollected(self) -> set[str]:
        """Names of files that nobody has fetched since the service started."""
        return {file.name for file in self.feed.status.files} - self.collected

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.feed.status.files)

    @property
    def record(self) -> Record:
        return Record(
            status=self.feed.status,
            fingerprint=self.fingerprint,
            accepted_at=self.accepted_at,
            finished_at=self.finished_at,
            body=self.body if self.finished_at is None else None,
            tries=self.tries,
        )


class Register:
    """Finds songs and throws old ones away. `now` gives Unix seconds."""

    def __init__(self, archive: Archive, limits: ServerLimits, now: Callable[[], float] = time.time) -> None:
        self._archive = archive
        self._limits = limits
        self._now = now
        self._entries: dict[str, Entry] = {}

    async def restore(self) -> list[Entry]:
        """Reads what earlier runs finished and what they owe; the latter, oldest first, is for the caller to make.

        Raises:
            ArchiveInUse, OSError: the archive cannot be used.
        """
        owed = []
        for folder, record in (await asyncio.to_thread(self._archive.restore)).items():
            entry = _entry(folder, record)
            entry.is_stored = True
            entry.stored.set()
            self._entries[entry.id] = entry
            if record.is_owed:
                owed.append(entry)
        return sorted(owed, key=lambda entry: entry.accepted_at)

    async def close(self) -> None:
        """Leaves the archive to others."""
        await asyncio.to_thread(self._archive.close)

    async def store(self, entry: Entry) -> None:
        """Writes down that a song is owed. Raises OSError."""
        await _to_the_end(self._archive.open, entry.key, entry.record)
        entry.is_stored = True
        entry.stored.set()

    async def try_once_more(self, entry: Entry) -> Path:
        """Writes down that composing begins; the song's folder. Raises OSError."""
        entry.tries += 1
        await _to_the_end(self._archive.keep, entry.key, entry.record)
        return self._archive.folder(entry.key)

    async def keep_to(self, entry: Entry) -> None:
        """Writes down the recipe that the status tells: from now on, whatever happens, the song is that one.

        Raises:
            OSError: it cannot be written down.
        """
        if entry.body is not None:
            entry.body = entry.body.model_copy(update={"takes": 1})
        await _to_the_end(self._archive.keep, entry.key, entry.record)

    async def put_off(self, entry: Entry) -> None:
        """Leaves a song for another life of the service, which is no fault of the song. Raises OSError."""
        entry.is_put_off = True
        entry.tries = 0
        entry.feed.close()
        await asyncio.to_thread(self._archive.keep, entry.key, entry.record)

    async def withdraw(self, entry: Entry) -> None:
        """Forgets on disk a song that was put off. Raises OSError."""
        await asyncio.to_thread(self._archive.remove, entry.key)
        self.ended(entry)

    def get(self, id: str) -> Entry | None:
        return self._entries.get(id)

    def find(self, id: str) -> Entry:
        """Raises Refusal (not found, or shutting down for a song that goes on after a restart)."""
        entry = self._entries.get(id)
        if entry is None:
            raise Refusal(ErrorCode.NOT_FOUND, "I know no song by this id, or it was so long ago that I forgot it")
        if entry.is_put_off and not entry.feed.is_final:
            raise Refusal(ErrorCode.SHUTTING_DOWN, "the service is restarting and goes on with this song then")
        return entry

    def file(self, id: str, name: str) -> tuple[Entry, Path, str]:
        """The entry, path and media type of a file that the song lists; no other name ever meets the disk."""
        entry = self.find(id)
        for file in (*entry.feed.status.files, *entry.feed.status.preview):
            if file.name == name:
                return entry, self._archive.file(entry.key, name), file.media_type
        raise Refusal(ErrorCode.NOT_FOUND, "this song has no file of this name")

    def folder(self, entry: Entry) -> Path:
        """Where its files are."""
        return self._archive.folder(entry.key)

    def add(self, entry: Entry) -> None:
        self._entries[entry.id] = entry

    def ended(self, entry: Entry) -> None:
        """The song has ended; from now on it grows old."""
        if entry.finished_at is None:
            entry.finished_at = self._now()

    async def settle(self, entry: Entry) -> None:
        """Keeps the files of a song that is done and removes those of any other. Raises OSError."""
        if entry.is_put_off:
            return
        self.ended(entry)
        if entry.feed.state is SongState.DONE:
            await asyncio.to_thread(self._archive.keep, entry.key, entry.record)
        else:
            await asyncio.to_thread(self._archive.remove, entry.key)

    @property
    def size_bytes(self) -> int:
        """Of all files of finished songs."""
        return sum(entry.size_bytes for entry in self._entries.values() if entry.finished_at is not None)

    async def prune(self, spared: Entry | None = None) -> None:
        """Forgets finished songs that are too old, then the oldest while there are too many or too much of them."""
        outdated = list(self._outdated(spared))
        for entry in outdated:
            del self._entries[entry.id]
        for entry in outdated:
            await asyncio.to_thread(self._archive.remove, entry.key)

    def _outdated(self, spared: Entry | None) -> Iterator[Entry]:
        ended = [(entry.finished_at, entry) for entry in self._entries.values() if entry.finished_at is not None]
        ended.sort(key=lambda pair: pair[0])
        count = len(ended)
        size = sum(entry.size_bytes for _, entry in ended)
        oldest = self._now() - self._limits.retention_s
        for finished_at, entry in ended:
            if entry is spared:
                continue
            within = count <= self._limits.max_songs_kept and size <= self._limits.max_artifact_bytes
            if within and finished_at >= oldest:
                return
            count -= 1
            size -= entry.size_bytes
            yield entry


async def _to_the_end(write: Callable[[str, Record], object], folder: str, record: Record) -> None:
    """Writes in a thread. Who is cancelled meanwhile waits all the same: what is removed next must not come back."""
    writing = asyncio.ensure_future(asyncio.to_thread(write, folder, record))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        if (error := writing.exception()) is not None:
            log.info("song given up was not written down", folder=folder, reason=str(error))
        raise


def _entry(folder: str, record: Record) -> Entry:
    _, _, attempt = folder.partition(".")
    # A reader that comes back names the last version it saw, which must not be one of this life's: versions go on
    # with the milliseconds since, which are more than any song has changes.
    age_ms = max(0, int(1000 * (time.time() - record.accepted_at)))
    feed = StatusFeed(record.status, first_version=1 + age_ms)
    return Entry(
        feed,
        record.fingerprint,
        body=record.body,
        attempt=int(attempt or 1),
        accepted_at=record.accepted_at,
        finished_at=record.finished_at,
        tries=record.tries,
    )
