"""Daily songs and who posts them, in the database."""

import json
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Row, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.codec import person_from_json, person_to_json
from adapters.storage.presence import Presence
from adapters.storage.tables import claims, schedules
from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import NotFound
from bot.domain.request import Place


class SqlSchedules:
    """The port `Schedules`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def save(self, schedule: DailySchedule) -> None:
        row = _row(schedule)
        async with self._engine.begin() as connection:
            await connection.execute(delete(schedules).where(*_at(schedule.place), schedules.c.id != schedule.id))
            known = await connection.execute(update(schedules).where(schedules.c.id == schedule.id).values(row))
            if known.rowcount == 0:
                await connection.execute(insert(schedules).values(row))

    async def remove(self, place: Place) -> bool:
        async with self._engine.begin() as connection:
            removed = await connection.execute(delete(schedules).where(*_at(place)))
        return removed.rowcount > 0

    async def get(self, id: ScheduleId) -> DailySchedule:
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(schedules).where(schedules.c.id == id))).one_or_none()
        if row is None:
            raise NotFound(what="schedule")
        return _schedule(row)

    async def pause(self, id: ScheduleId, reason: str) -> bool:
        async with self._engine.begin() as connection:
            paused = await connection.execute(update(schedules).where(schedules.c.id == id).values(paused=reason))
        return paused.rowcount == 1

    async def redraw(self, schedule: DailySchedule) -> bool:
        columns, day = schedules.c, (claims.c.schedule_id == schedule.id, claims.c.day == schedule.day)
        as_known = (columns.next_run_utc == schedule.next_run_utc, columns.redrawn == schedule.redrawn)
        query = update(schedules).where(columns.id == schedule.id, *as_known, ~exists().where(*day))
        async with self._engine.begin() as connection:
            redrawn = await connection.execute(query.values(redrawn=columns.redrawn + 1))
        return redrawn.rowcount == 1

    async def list(self, platform: str | None = None, workspace: str | None = None) -> list[DailySchedule]:
        query = select(schedules).order_by(schedules.c.next_run_utc, schedules.c.id)
        if platform is not None:
            query = query.where(schedules.c.platform == platform)
        if workspace is not None:
            query = query.where(schedules.c.workspace == workspace)
        async with self._engine.connect() as connection:
            return [_schedule(row) for row in await connection.execute(query)]


class SqlClaims:
    """The port `Claims`."""

    def __init__(self, engine: AsyncEngine, presence: Presence) -> None:
        self._engine = engine
        self._presence = presence

    async def claim(self, id: ScheduleId, day: date) -> bool:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(claims).values(schedule_id=id, day=day, holder=self._presence.id))
        except IntegrityError:  # somebody had it first, or the schedule is gone
            return await self._take_over(id, day)
        return True

    async def _take_over(self, id: ScheduleId, day: date) -> bool:
        unsettled = (claims.c.schedule_id == id, claims.c.day == day, claims.c.settled_at.is_(None))
        free = self._presence.may_take(claims.c.holder)
        async with self._engine.begin() as connection:
            taken = await connection.execute(update(claims).where(*unsettled, free).values(holder=self._presence.id))
        return taken.rowcount == 1

    async def settle(self, id: ScheduleId, day: date, next_run_utc: datetime) -> None:
        async with self._engine.begin() as connection:
            slot = (claims.c.schedule_id == id, claims.c.day == day)
            await connection.execute(update(claims).where(*slot).values(settled_at=datetime.now(UTC)))
            after = update(schedules).where(schedules.c.id == id).values(next_run_utc=next_run_utc, redrawn=0)
            await connection.execute(after)


def _at(place: Place) -> tuple[Any, Any, Any]:
    columns = schedules.c
    return (
        columns.platform == place.platform,
        columns.workspace == place.workspace,
        columns.channel == place.channel,
    )


def _row(schedule: DailySchedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "platform": schedule.place.platform,
        "workspace": schedule.place.workspace,
        "channel": schedule.place.channel,
        "at": f"{schedule.at:%H:%M}",
        "zone": schedule.zone,
        "genres": json.dumps(schedule.genres),
        "set_by": person_to_json(schedule.set_by),
        "next_run_utc": schedule.next_run_utc,
        "paused": schedule.paused,
        "days": "".join(map(str, sorted(schedule.days))),
        "redrawn": schedule.redrawn,
    }


def _schedule(row: Row[Any]) -> DailySchedule:
    return DailySchedule(
        id=ScheduleId(row.id),
        place=Place(row.platform, row.workspace, row.channel),
        at=time.fromisoformat(row.at),
        zone=row.zone,
        genres=tuple(json.loads(row.genres)),
        set_by=person_from_json(row.set_by),
        next_run_utc=row.next_run_utc,
        paused=row.paused,
        days=frozenset(map(int, row.days)),
        redrawn=row.redrawn,
    )
