"""Everything the database has of a person or a workspace."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.storage.tables import answers, disabled_genres, schedules, songs
from bot.domain.privacy import Kept, Owner


class SqlRecords:
    """The port `Records`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def kept(self, owner: Owner) -> Kept:
        async with self._engine.connect() as connection:
            return await _count(connection, owner)

    async def export(self, owner: Owner) -> dict[str, Any]:
        async with self._engine.connect() as connection:
            found = select(songs).where(_songs_of(owner)).order_by(songs.c.accepted_at)
            daily = select(schedules).where(_schedules_of(owner)).order_by(schedules.c.id)
            off = select(disabled_genres.c.genre).where(_switches_of(owner)).order_by(disabled_genres.c.genre)
            return {
                "platform": owner.platform,
                "of": "everybody in this workspace" if owner.person is None else owner.person,
                "songs": [_song(row) for row in await connection.execute(found)],
                "daily_songs": [_schedule(row) for row in await connection.execute(daily)],
                "genres_switched_off": list(await connection.scalars(off)),
            }

    async def forget(self, owner: Owner) -> Kept:
        async with self._engine.begin() as connection:
            gone = await _count(connection, owner)
            theirs = select(songs.c.id).where(_songs_of(owner))
            await connection.execute(delete(answers).where(answers.c.id.in_(theirs)))
            await connection.execute(delete(songs).where(_songs_of(owner)))
            await connection.execute(delete(schedules).where(_schedules_of(owner)))  # claims go with them
            await connection.execute(delete(disabled_genres).where(_switches_of(owner)))
        return gone


async def _count(connection: AsyncConnection, owner: Owner) -> Kept:
    tables = ((songs, _songs_of(owner)), (schedules, _schedules_of(owner)), (disabled_genres, _switches_of(owner)))
    queries = [select(func.count()).select_from(table).where(theirs) for table, theirs in tables]
    return Kept(*[await connection.scalar(query) or 0 for query in queries])


def _songs_of(owner: Owner) -> ColumnElement[bool]:
    if owner.person is None:
        return (songs.c.platform == owner.platform) & (songs.c.workspace == owner.workspace)
    # As codec.request_to_json writes it; within a text of somebody's the quotes would be escaped.
    asked_by = f'"requester":[{json.dumps(owner.person)},'
    return (songs.c.platform == owner.platform) & songs.c.request.contains(asked_by, autoescape=True)


def _schedules_of(owner: Owner) -> ColumnElement[bool]:
    if owner.person is None:
        return (schedules.c.platform == owner.platform) & (schedules.c.workspace == owner.workspace)
    set_by = f"[{json.dumps(owner.person)}, "  # as codec.person_to_json writes it
    return (schedules.c.platform == owner.platform) & schedules.c.set_by.startswith(set_by, autoescape=True)


def _switches_of(owner: Owner) -> ColumnElement[bool]:
    """Switches are a workspace's; nobody's name is on them."""
    if owner.person is not None:
        return false()
    return (disabled_genres.c.platform == owner.platform) & (disabled_genres.c.workspace == owner.workspace)


def _song(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "workspace": row.workspace,
        "state": row.state,
        "title": row.title,
        "asked": json.loads(row.request),
        "recipe": None if row.recipe is None else json.loads(row.recipe),
        "midi_bytes": 0 if row.midi is None else len(row.midi),
        "accepted_at": _iso(row.accepted_at),
        "finished_at": _iso(row.finished_at),
    }


def _schedule(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "workspace", "channel", "at", "zone", "days", "paused", "redrawn")
    kept = {name: getattr(row, name) for name in names}
    set_by, due = json.loads(row.set_by), _iso(row.next_run_utc)
    return kept | {"genres": json.loads(row.genres), "set_by": set_by, "next_run_utc": due}


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
