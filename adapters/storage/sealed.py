"""Brings the tokens that are kept already to the keys of now."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.engine import make_engine
from adapters.storage.errors import StorageError
from adapters.storage.sealing import Seal
from adapters.storage.tables import installations
from bot.domain.errors import TokensLocked

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many workspaces' tokens are encrypted, lie there as they are, and cannot be read."""

    closed: int = 0
    plain: int = 0
    locked: int = 0

    @property
    def trouble(self) -> str | None:
        """One sentence for the operator where some cannot be read."""
        if not self.locked:
            return None
        whose = "1 Slack workspace are" if self.locked == 1 else f"{self.locked} Slack workspaces are"
        return (
            f"the tokens of {whose} encrypted with a key that LNH_SLACK_TOKEN_KEY does not hold; add that key to it"
            " behind a comma, or have the app installed there once more"
        )


async def kept_tokens(url: str, keys: Sequence[str]) -> Kept:
    """How the tokens of a database are kept, read with these keys; changes nothing.

    Raises:
        StorageError: the database cannot be used, in one sentence.
    """
    engine = make_engine(url)
    try:
        return await count_kept(engine, Seal(keys))
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(f"the tokens in the database cannot be read: {type(error).__name__}") from error
    finally:
        await engine.dispose()


async def count_kept(engine: AsyncEngine, seal: Seal) -> Kept:
    """How the tokens are kept; nothing is changed."""
    closed = plain = locked = 0
    async with engine.connect() as connection:
        texts = [str(text) for text in await connection.scalars(select(installations.c.tokens))]
    for text in texts:
        try:
            seal.open(text)
        except TokensLocked:
            locked += 1
        else:
            closed, plain = (closed + 1, plain) if seal.is_closed(text) else (closed, plain + 1)
    return Kept(closed, plain, locked)


async def close_kept(engine: AsyncEngine, seal: Seal) -> None:
    """Encrypts with the newest key what is not yet; what cannot be read stays as it is."""
    columns = (installations.c.platform, installations.c.workspace, installations.c.tokens)
    was_plain = False
    async with engine.connect() as connection:
        rows = (await connection.execute(select(*columns))).all()
    for platform, workspace, kept in rows:
        try:
            closed = seal.closed_again(kept)
        except TokensLocked:
            continue
        if closed is None:
            continue
        # Another process may renew the tokens at this moment; what it writes is the newer.
        same = (columns[0] == platform) & (columns[1] == workspace) & (columns[2] == kept)
        async with engine.begin() as connection:
            await connection.execute(update(installations).where(same).values(tokens=closed))
        was_plain = was_plain or not seal.is_closed(kept)
    if was_plain and engine.dialect.name == "sqlite":
        await _sweep(engine)


async def _sweep(engine: AsyncEngine) -> None:
    """Writes the file anew: what was in it before lies in its free pages and in its log."""
    try:
        async with engine.connect() as connection:
            bare = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                await bare.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        _logger.warning("old copies of tokens may be left in the database file", reason=str(error))
