"""All repositories over one database."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.answers import SqlAnswers
from adapters.storage.engine import make_engine
from adapters.storage.genres import SqlGenreSettings
from adapters.storage.migrate import upgrade_engine
from adapters.storage.schedules import SqlClaims, SqlSchedules
from adapters.storage.songs import SqlSongs


@dataclass(frozen=True)
class Storage:
    """The ports that keep things. `close` when done."""

    engine: AsyncEngine
    songs: SqlSongs
    schedules: SqlSchedules
    claims: SqlClaims
    genres: SqlGenreSettings
    answers: SqlAnswers

    async def close(self) -> None:
        await self.engine.dispose()


async def open_storage(url: str) -> Storage:
    """Opens a database and brings it up to date. Raises StorageError with one sentence."""
    engine = make_engine(url)
    try:
        await upgrade_engine(engine)
    except BaseException:
        await engine.dispose()
        raise
    return Storage(
        engine,
        SqlSongs(engine),
        SqlSchedules(engine),
        SqlClaims(engine),
        SqlGenreSettings(engine),
        SqlAnswers(engine),
    )
