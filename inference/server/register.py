"""All songs the service knows, by id: those being made, and finished ones until they are too old or too many."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inference.api import ErrorCode, SongState
from inference.server.archive import Archive, Record
from inference.server.feed import StatusFeed
from inference.server.limits import ServerLimits
from inference.server.refusal import Refusal


@dataclass(eq=False, slots=True)
class Entry:
    """One song. `attempt` counts from 1; a song that failed may be asked for again under its id."""

    feed: StatusFeed
    fingerprint: str
    attempt: int = 1
    finished_at: float | None = None
    collected: set[str] = field(default_factory=set)

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
        return Record(status=self.feed.status, fingerprint=self.fingerprint, finished_at=self.finished_at)


class Register:
    """Finds songs and throws old ones away. `now` gives Unix seconds."""

    def __init__(self, archive: Archive, limits: ServerLimits, now: Callable[[], float] = time.time) -> None:
        self._archive = archive
        self._limits = limits
        self._now = now
        self._entries: dict[str, Entry] = {}

    async def restore(self) -> None:
        """Reads what earlier runs finished. Raises OSError if the archive cannot be used."""
        for folder, record in (await asyncio.to_thread(self._archive.restore)).items():
            _, _, attempt = folder.partition(".")
            feed = StatusFeed(record.status)
            entry = Entry(feed, record.fingerprint, int(attempt or 1), record.finished_at)
            self._entries[entry.id] = entry

    def get(self, id: str) -> Entry | None:
        return self._entries.get(id)

    def find(self, id: str) -> Entry:
        """Raises Refusal (not found)."""
        entry = self._entries.get(id)
        if entry is None:
            raise Refusal(ErrorCode.NOT_FOUND, "I know no song by this id, or it was so long ago that I forgot it")
        return entry

    def file(self, id: str, name: str) -> tuple[Entry, Path, str]:
        """The entry, path and media type of a file that the song lists; no other name ever meets the disk."""
        entry = self.find(id)
        for file in entry.feed.status.files:
            if file.name == name:
                return entry, self._archive.file(entry.key, name), file.media_type
        raise Refusal(ErrorCode.NOT_FOUND, "this song has no file of this name")

    def add(self, entry: Entry) -> None:
        self._entries[entry.id] = entry

    def ended(self, entry: Entry) -> None:
        """The song has ended; from now on it grows old."""
        if entry.finished_at is None:
            entry.finished_at = self._now()

    async def settle(self, entry: Entry) -> None:
        """Keeps the files of a song that is done and removes those of any other. Raises OSError."""
        self.ended(entry)
        if entry.feed.state is SongState.DONE:
            await asyncio.to_thread(self._archive.keep, entry.key, entry.record)
        else:
            await asyncio.to_thread(self._archive.remove, entry.key)

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
