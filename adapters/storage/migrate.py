"""Brings a database to the present tables."""

from functools import partial

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.engine import make_engine
from adapters.storage.errors import StorageError

# Two processes may start on a new database at the same time; the second one then finds nothing left to do.
_ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(5462371)"}


async def upgrade(url: str) -> None:
    """Applies the migrations that a database still lacks. Raises StorageError."""
    engine = make_engine(url)
    try:
        await upgrade_engine(engine)
    finally:
        await engine.dispose()


async def upgrade_engine(engine: AsyncEngine) -> None:
    """Applies the migrations through an engine that is open already. Raises StorageError."""
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(_ONE_AT_A_TIME.get(connection.dialect.name, "SELECT 1"))
            await connection.run_sync(partial(upgrade_to, "head"))
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError(f"the database {engine.url.render_as_string()} cannot be used: {cause}") from error


def upgrade_to(revision: str, connection: Connection) -> None:
    """Applies the migrations up to one of them, in the transaction of `connection`."""
    config = Config()
    config.set_main_option("script_location", "adapters.storage:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
