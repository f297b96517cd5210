"""Migrations lead to the tables of the code, from nothing and from what is there already."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, column, inspect, table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage import StorageError, open_storage, upgrade
from adapters.storage.engine import make_engine
from adapters.storage.migrate import upgrade_to
from adapters.storage.tables import metadata
from bot.domain.weekdays import EVERY_DAY
from tests.fakes.songs import request_for


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/new/folder/lnh.db"


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    await upgrade(url)
    engine = make_engine(url)
    yield engine
    await engine.dispose()


async def test_migrations_and_tables_agree(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_constraints_bear_the_names_of_the_convention(engine: AsyncEngine) -> None:
    def names(connection: Connection) -> set[str | None]:
        seen = inspect(connection)
        unique = {entry["name"] for table in metadata.tables for entry in seen.get_unique_constraints(table)}
        return unique | {entry["name"] for table in metadata.tables for entry in seen.get_foreign_keys(table)}

    wanted = {"uq_schedules_platform_workspace_channel", "fk_claims_schedule_id"}
    async with engine.connect() as connection:
        assert await connection.run_sync(names) == wanted


async def test_upgrading_again_keeps_what_is_stored(url: str) -> None:
    storage = await open_storage(url)
    await storage.songs.accept(request_for("a"))
    await storage.close()
    await upgrade(url)
    storage = await open_storage(url)
    assert [request.id for request in await storage.songs.pending()] == ["a"]
    await storage.close()


async def test_a_daily_song_from_before_there_were_days_goes_on_every_day(url: str) -> None:
    engine = make_engine(url)
    row = {"id": "s", "platform": "discord", "workspace": "g", "channel": "c", "at": "18:30", "zone": "UTC"}
    row |= {"genres": "[]", "set_by": '["u", "mel", "en"]', "next_run_utc": datetime(2026, 7, 1, 18, 30, tzinfo=UTC)}
    async with engine.begin() as connection:
        await connection.run_sync(partial(upgrade_to, "0003"))
        columns = [column(name) for name in row]
        await connection.execute(table("schedules", *columns).insert().values(row))
    await engine.dispose()
    storage = await open_storage(url)
    (schedule,) = await storage.schedules.list()
    await storage.close()
    assert (schedule.id, schedule.days, schedule.redrawn) == ("s", EVERY_DAY, 0)


async def test_sqlite_is_set_up_for_readers_beside_a_writer(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        pragmas = [
            await connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "busy_timeout", "foreign_keys")
        ]
    assert pragmas == ["wal", 30_000, 1]


async def test_a_new_file_that_another_process_writes_to_is_waited_for(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lnh.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs (number INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(0.2, other.execute, "COMMIT")
        await upgrade(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    with closing(sqlite3.connect(tmp_path / "lnh.db")) as later:
        assert later.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("bad", ["", "lnh.db", "nosuch://host/db", "sqlite+nosuch:///lnh.db"])
async def test_a_url_that_cannot_work_gets_one_sentence(bad: str) -> None:
    with pytest.raises(StorageError, match="such as sqlite"):
        await open_storage(bad)


async def test_a_file_that_is_no_database_gets_one_sentence_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "lnh.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="cannot be used: file is not a database"):
        await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")


async def test_a_folder_that_cannot_be_made_gets_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="folder of the database"):
        await open_storage(f"sqlite+aiosqlite:///{tmp_path}/file/lnh.db")
