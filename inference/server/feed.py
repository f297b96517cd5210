"""The status of one song, and everybody who watches it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypedDict, Unpack

from inference.api import Comparison, ErrorDetail, LeftOut, SongFile, SongState, SongStatus


class Change(NamedTuple):
    """A status and its number in the song's history, from 1."""

    version: int
    status: SongStatus


class Fields(TypedDict, total=False):
    """What of a status may change along the way."""

    state: SongState
    position: int | None
    eta_s: float | None
    bars_done: int
    seed: int
    recipe: dict[str, Any]
    report: list[Comparison]
    files: list[SongFile]
    preview: list[SongFile]
    left_out: list[LeftOut]
    error: ErrorDetail | None


class StatusFeed:
    """Holds the latest status and hands every later one to each watcher, who may read as slowly as it likes.

    A song changes a bounded number of times (bars, places in the queue, stages), so a watcher's backlog is bounded
    too and nothing has to be dropped. The first final state wins; whatever is published after it is ignored.
    """

    def __init__(
        self, status: SongStatus, clock: Callable[[], float] = time.monotonic, *, first_version: int = 1
    ) -> None:
        self._status = status
        self._clock = clock
        self._version = first_version
        self._entered = self._changed = clock()
        self._is_closed = False
        self._watchers: set[asyncio.Queue[Change | None]] = set()

    @property
    def state(self) -> SongState:
        return self._status.state

    @property
    def is_final(self) -> bool:
        return self._status.state.is_final

    @property
    def version(self) -> int:
        return self._version

    @property
    def status(self) -> SongStatus:
        """The status now; an estimate that was made some time ago has shrunk by that time."""
        if self._status.eta_s is None:
            return self._status
        left = max(0.0, self._status.eta_s - (self._clock() - self._changed))
        return self._status.model_copy(update={"eta_s": round(left, 1)})

    def publish(self, **fields: Unpack[Fields]) -> bool:
        """Changes the status and tells the watchers; False if the song had ended already."""
        if self.is_final:
            return False
        update: dict[str, object] = {**fields}
        if "state" in fields and fields["state"] is not self.state:
            update |= self._leave_stage(fields["state"])
        self._status = self._status.model_copy(update=update)
        self._version += 1
        self._changed = self._clock()
        change = Change(self._version, self._status)
        for watcher in self._watchers:
            watcher.put_nowait(change)
        return True

    def add_files(self, files: list[SongFile], left_out: list[LeftOut]) -> None:
        """A finished song has got more files; nobody watches it any more."""
        kept = [one for one in self._status.left_out if one.file not in {file.kind for file in files}]
        again = {one.file for one in left_out}
        left_out = [one for one in kept if one.file not in again] + left_out
        update = {"files": self._status.files + files, "left_out": left_out}
        self._status = self._status.model_copy(update=update)

    def close(self) -> None:
        """Sends the watchers away although the song has not ended: it goes on in another life of the service."""
        self._is_closed = True
        for watcher in self._watchers:
            watcher.put_nowait(None)

    @contextmanager
    def watch(self) -> Iterator[AsyncIterator[Change]]:
        """Gives the current status, then every change, up to and with the final one unless it is closed before."""
        changes: asyncio.Queue[Change | None] = asyncio.Queue()
        changes.put_nowait(Change(self._version, self.status))
        if self._is_closed:
            changes.put_nowait(None)
        self._watchers.add(changes)
        try:
            yield _until_final(changes)
        finally:
            self._watchers.discard(changes)

    def _leave_stage(self, following: SongState) -> dict[str, object]:
        now = self._clock()
        seconds = self._status.seconds | {str(self.state): round(now - self._entered, 3)}
        self._entered = now
        gone: dict[str, object] = {"seconds": seconds, "position": None}
        return gone | {"eta_s": None, "preview": []} if following.is_final else gone


async def _until_final(changes: asyncio.Queue[Change | None]) -> AsyncIterator[Change]:
    while (change := await changes.get()) is not None:
        yield change
        if change.status.state.is_final:
            return
