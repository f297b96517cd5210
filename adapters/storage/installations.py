"""Where the band was installed by a click, with the tokens it got there, in the database."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.presence import Presence
from adapters.storage.sealed import Kept, count_kept
from adapters.storage.sealing import Seal
from adapters.storage.tables import install_words, installations

_ASK_EVERY_S = 0.1
_WORD_BYTES = 24


class SqlInstallations:
    """The port `Installations`."""

    def __init__(self, engine: AsyncEngine, presence: Presence, seal: Seal) -> None:
        self._engine = engine
        self._presence = presence
        self._seal = seal
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def save(self, platform: str, workspace: str, tokens: str) -> None:
        row = {"platform": platform, "workspace": workspace, "tokens": self._seal.close(tokens)}
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(installations).values(row))
        except IntegrityError:
            await self.change(platform, workspace, tokens)

    async def change(self, platform: str, workspace: str, tokens: str) -> bool:
        kept = self._seal.close(tokens)
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(installations).where(_of(platform, workspace)).values(tokens=kept)
            )
        return changed.rowcount == 1

    async def find(self, platform: str, workspace: str) -> str | None:
        kept = await self._kept(platform, workspace)
        return None if kept is None else self._seal.open(kept)

    async def kept(self) -> Kept:
        """How many are encrypted, plain, or not to be read."""
        return await count_kept(self._engine, self._seal)

    async def remove(self, platform: str, workspace: str) -> bool:
        async with self._engine.begin() as connection:
            removed = await connection.execute(delete(installations).where(_of(platform, workspace)))
        return removed.rowcount == 1

    @asynccontextmanager
    async def alone(self, platform: str, workspace: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault((platform, workspace), asyncio.Lock())  # `holder` tells processes apart only
        async with turn:
            while not await self._take(platform, workspace):  # noqa: ASYNC110  # other processes send us no event
                await asyncio.sleep(_ASK_EVERY_S)
            try:
                yield
            finally:
                await self._give_back(platform, workspace)

    async def issue(self, lasting: timedelta) -> str:
        word, now = secrets.token_urlsafe(_WORD_BYTES), datetime.now(UTC)
        async with self._engine.begin() as connection:
            await connection.execute(delete(install_words).where(install_words.c.good_until < now))
            await connection.execute(insert(install_words).values(word=word, good_until=now + lasting))
        return word

    async def consume(self, word: str) -> bool:
        good = (install_words.c.word == word, install_words.c.good_until >= datetime.now(UTC))
        async with self._engine.begin() as connection:
            used = await connection.execute(delete(install_words).where(*good))
        return used.rowcount == 1

    async def _kept(self, platform: str, workspace: str) -> str | None:
        async with self._engine.connect() as connection:
            kept: str | None = await connection.scalar(select(installations.c.tokens).where(_of(platform, workspace)))
        return kept

    async def _take(self, platform: str, workspace: str) -> bool:
        """Whether the turn is this process's; where nothing is installed there is nothing to wait for."""
        free = self._presence.may_take(installations.c.holder)
        async with self._engine.begin() as connection:
            taken = await connection.execute(
                update(installations).where(_of(platform, workspace), free).values(holder=self._presence.id)
            )
        return taken.rowcount == 1 or await self._kept(platform, workspace) is None

    async def _give_back(self, platform: str, workspace: str) -> None:
        ours = installations.c.holder == self._presence.id
        async with self._engine.begin() as connection:
            await connection.execute(update(installations).where(_of(platform, workspace), ours).values(holder=None))


def _of(platform: str, workspace: str) -> ColumnElement[bool]:
    return (installations.c.platform == platform) & (installations.c.workspace == workspace)
