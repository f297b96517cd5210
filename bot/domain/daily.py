"""Daily songs: when one is due, through both daylight-saving edges."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

from bot.domain.request import Place, Requester

ScheduleId = NewType("ScheduleId", str)


@dataclass(frozen=True, slots=True)
class DailySchedule:
    """One daily song of a channel.

    `at` is local wall time in the IANA zone `zone`; `genres` rotate by day (empty: any enabled genre);
    `next_run_utc` is aware and in UTC; a paused schedule keeps the reason for its admin.
    """

    id: ScheduleId
    place: Place
    at: time
    zone: str
    genres: tuple[str, ...]
    set_by: Requester
    next_run_utc: datetime
    paused: str | None = None


def due_at(day: date, at: time, zone: str) -> datetime:
    """The UTC instant of wall time `at` on `day`: the first valid instant in a gap, the first of two in a fold."""
    local = datetime.combine(day, at, tzinfo=ZoneInfo(zone)).replace(fold=0)
    instant = local.astimezone(ZoneInfo("UTC"))
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if wall != local.replace(tzinfo=None):
        # In a gap fold=0 uses the offset before it, which lands as far behind the gap's end as `at` is into it.
        instant = _gap_end(instant, ZoneInfo(zone))
    return instant


def next_run(after_utc: datetime, at: time, zone: str) -> datetime:
    """The first due instant strictly after `after_utc` (aware)."""
    day = after_utc.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    while True:
        instant = due_at(day, at, zone)
        if instant > after_utc:
            return instant
        day += timedelta(days=1)


def local_date(instant_utc: datetime, zone: str) -> date:
    """The calendar date a due instant belongs to in `zone`."""
    return instant_utc.astimezone(ZoneInfo(zone)).date()


def _gap_end(inside_utc: datetime, zone: ZoneInfo) -> datetime:
    """The transition at or before `inside_utc` after which its UTC offset holds, to the minute."""
    offset = inside_utc.astimezone(zone).utcoffset()
    low, high = inside_utc - timedelta(hours=25), inside_utc
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, high)
    return (high + timedelta(seconds=30)).replace(second=0, microsecond=0)
