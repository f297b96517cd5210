"""Connections to the database named by a URL."""

from pathlib import Path
from typing import Any

import stamina
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.storage.errors import StorageError

_BUSY_TIMEOUT_MS = 30_000  # on a busy machine, migrating a new database may take another process that long
_PRAGMAS = (
    f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}",  # first, for the next one may have to wait already
    "PRAGMA journal_mode=WAL",  # readers never wait for the writer
    "PRAGMA synchronous=NORMAL",  # safe in WAL: a power cut may undo the last commits, never damage the file
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is forgotten, or replaced by an encrypted text, is gone from the file
)


def make_engine(url: str) -> AsyncEngine:
    """An engine for a URL such as `sqlite+aiosqlite:///lnh.db` or `postgresql+asyncpg://...`; connects later.

    The folder of an SQLite file is made. Raises StorageError on a URL that cannot work.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and not parsed.database.startswith(":"):
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(parsed, hide_parameters=True)  # values may be tokens, and errors are logged
    except (ArgumentError, NoSuchModuleError) as error:
        example = "sqlite+aiosqlite:///lnh.db"
        raise StorageError(f"the database URL is not one I understand; write one such as {example}") from error
    except ModuleNotFoundError as error:
        raise StorageError(f"the database driver {error.name} is not installed; install it with pip") from error
    except OSError as error:
        raise StorageError(f"the folder of the database cannot be made: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        # Who turns a new file to WAL while another does so is refused at once, whatever the timeout says.
        for attempt in stamina.retry_context(
            on=_is_locked, attempts=None, timeout=_BUSY_TIMEOUT_MS / 1000, wait_initial=0.01, wait_max=0.1
        ):
            with attempt:
                cursor.execute(pragma)
    cursor.close()


def _is_locked(error: Exception) -> bool:
    return "locked" in str(error)
