"""All repositories over one database."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.answers import SqlAnswers
from adapters.storage.engine import make_engine
from adapters.storage.genres import SqlGenreSettings
from adapters.storage.heard import SqlHeard
from adapters.storage.installations import SqlInstallations
from adapters.storage.migrate import upgrade_engine
from adapters.storage.presence import Presence
from adapters.storage.records import SqlRecords
from adapters.storage.schedules import SqlClaims, SqlSchedules
from adapters.storage.sealed import close_kept
from adapters.storage.sealing import Seal
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
    heard: SqlHeard
    records: SqlRecords
    installations: SqlInstallations
    presence: Presence

    async def close(self) -> None:
        """Leaves what is unfinished to others and disconnects."""
        await self.presence.leave()
        await self.engine.dispose()


async def open_storage(url: str, token_keys: Sequence[str] = ()) -> Storage:
    """Opens a database and brings it up to date; tokens are encrypted with the first key and read with any.

    Raises:
        StorageError: the database cannot be used, in one sentence.
        ValueError: a key is none.

    Whoever keeps it open for more than a minute must be inside `presence.kept`.
    """
    seal = Seal(token_keys)
    engine = make_engine(url)
    presence = Presence(engine)
    try:
        await upgrade_engine(engine)
        await close_kept(engine, seal)
        await presence.enter()
    except BaseException:
        await engine.dispose()
        raise
    return Storage(
        engine,
        SqlSongs(engine, presence),
        SqlSchedules(engine),
        SqlClaims(engine, presence),
        SqlGenreSettings(engine),
        SqlAnswers(engine),
        SqlHeard(engine),
        SqlRecords(engine),
        SqlInstallations(engine, presence, seal),
        presence,
    )
