"""Which processes work on the database, so that two of them never do the same work.

Each has a row that says until when it counts as alive and keeps putting that off. What a process has taken (a song, a
day of a schedule) is its own for as long as it is alive; afterwards whoever comes first may take it.
"""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Column, ColumnElement, delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.storage.tables import heard, processes

LEASE = timedelta(seconds=60)
RENEW_EVERY_S = 15.0
REMEMBERED = timedelta(days=2)  # events; platforms repeat them for some hours at most
_logger = structlog.get_logger(__name__)
_here: set[str] = set()  # those of this very process: tests have several


class Presence:
    """One process; `id` is what its work is marked with."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.id = uuid.uuid4().hex

    async def enter(self) -> None:
        """Begins to count as alive, and finds out which processes of this machine have died without a word."""
        host, now = _machine(), datetime.now(UTC)
        _here.add(self.id)
        async with self._engine.begin() as connection:
            await _forget_old(connection, now)
            others = await connection.execute(select(processes).where(processes.c.host == host))
            dead = [row.id for row in others if not _lives(row.id, row.pid)]
            await connection.execute(delete(processes).where(processes.c.id.in_(dead)))
            row = {"id": self.id, "host": host, "pid": os.getpid(), "alive_until": now + LEASE}
            await connection.execute(insert(processes).values(row))

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Goes on counting as alive for as long as the body runs."""
        renewing = asyncio.create_task(self._keep_renewing())  # in a group, what the body raises would come out in one
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def renew(self) -> None:
        """Puts off the end by LEASE from now. A row that somebody took for dead is written anew."""
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            await _forget_old(connection, now)
            changed = await connection.execute(
                update(processes).where(processes.c.id == self.id).values(alive_until=now + LEASE)
            )
            if changed.rowcount == 0:
                row = {"id": self.id, "host": _machine(), "pid": os.getpid(), "alive_until": now + LEASE}
                await connection.execute(insert(processes).values(row))

    async def leave(self) -> None:
        """Everything it has taken is free at once."""
        _here.discard(self.id)
        try:
            async with self._engine.begin() as connection:
                await connection.execute(delete(processes).where(processes.c.id == self.id))
        except SQLAlchemyError:
            _logger.exception("what this process had taken is free in a minute only")

    def may_take(self, holder: Column[str]) -> ColumnElement[bool]:
        """Whether what `holder` has is free, or ours already."""
        return or_(holder == self.id, is_free(holder))

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await self.renew()
            except (SQLAlchemyError, OSError):
                _logger.exception("not known to be alive; others may take over what is in the making here")


def is_free(holder: Column[str]) -> ColumnElement[bool]:
    """Whether nobody who is alive has it."""
    alive = select(processes.c.id).where(processes.c.alive_until > datetime.now(UTC))
    return or_(holder.is_(None), holder.not_in(alive))


async def _forget_old(connection: AsyncConnection, now: datetime) -> None:
    await connection.execute(delete(processes).where(processes.c.alive_until < now - LEASE))
    await connection.execute(delete(heard).where(heard.c.at < now - REMEMBERED))


def _machine() -> str:
    """Where process numbers mean the same: a machine or, since containers count their own, one of those."""
    try:
        numbering = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbering = ""
    return f"{socket.gethostname()} {numbering}".strip()[:255]


def _lives(id: str, pid: int) -> bool:
    """Whether a process of this machine may still run; another program may have got its number since."""
    if pid == os.getpid():
        return id in _here
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
