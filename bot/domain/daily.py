"""Daily songs: when one is due, through both daylight-saving edges."""

import difflib
import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NewType
from zoneinfo import ZoneInfo, available_timezones

from bot.domain.request import Place, Requester
from bot.domain.weekdays import EVERY_DAY, Weekdays, order_of
from inference.music.errors import InvalidSpec

ScheduleId = NewType("ScheduleId", str)
_NAMED_TIMES = {"noon": time(12), "midnight": time(0)}
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DailySchedule:
    """One daily song of a channel.

    `at` is local wall time in the IANA zone `zone`; `genres` rotate from one of its days to the next (empty: any
    enabled genre); `next_run_utc` is aware and in UTC and stays until that day's song is posted or skipped; a paused
    schedule keeps the reason for its admin; `days` are those of the week that have a song. `redrawn` counts the songs
    that the next one has taken the place of, before anybody but an admin heard them.
    """

    id: ScheduleId
    place: Place
    at: time
    zone: str
    genres: tuple[str, ...]
    set_by: Requester
    next_run_utc: datetime
    paused: str | None = None
    days: Weekdays = EVERY_DAY
    redrawn: int = 0

    @property
    def day(self) -> date:
        """The local date that `next_run_utc` is the song of."""
        return due_day(self.next_run_utc, self.at, self.zone)

    @property
    def turn(self) -> int:
        """Which of its songs that is, counted from the first of time: whose turn it is of what takes turns."""
        return order_of(self.day.toordinal(), self.days)

    @property
    def next_song(self) -> str:
        """Names the very song that is next, in letters, digits and `-`: its schedule, its day and which of that day."""
        return f"{self.id}-{self.day}-{self.redrawn}"

    def has_next_day_of(self, song: str) -> bool:
        """Whether a song, by its `next_song`, is of the day that is next: the song itself, or one it has replaced."""
        return song.rpartition("-")[0] == self.next_song.rpartition("-")[0]

    def after(self, instant_utc: datetime) -> "DailySchedule":
        """The schedule once its next day is dealt with: due again at this instant, with a song of its own."""
        return replace(self, next_run_utc=instant_utc, redrawn=0)

    def run_after(self, instant_utc: datetime) -> datetime:
        """The first due instant strictly after an instant."""
        return next_run(instant_utc, self.at, self.zone, self.days)


def schedule_of(song: str) -> ScheduleId:
    """Whose song it is, by its `next_song`."""
    return ScheduleId(song.rsplit("-", 4)[0])


def due_at(day: date, at: time, zone: str) -> datetime:
    """The UTC instant of wall time `at` on `day`: the first valid instant in a gap, the first of two in a fold."""
    tz = ZoneInfo(zone)
    local = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=tz)
    # In a gap, fold=0 uses the offset before it and lands behind the gap's end, fold=1 the other and lands in front.
    late, early = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    in_gap = late.astimezone(tz).replace(tzinfo=None, fold=0) != local.replace(tzinfo=None)
    return _gap_end(early, late, tz) if in_gap else late


def next_run(after_utc: datetime, at: time, zone: str, days: Weekdays = EVERY_DAY) -> datetime:
    """The first due instant strictly after `after_utc` (aware) on one of `days`, by the date in the zone.

    A date the zone skips as a whole has none.
    """
    day = after_utc.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    while (instant := due_at(day, at, zone)) <= after_utc or day.weekday() not in days or not _exists(day, zone):
        day += timedelta(days=1)
    return instant


def due_day(due_utc: datetime, at: time, zone: str) -> date:
    """The date whose due instant this is: the day before its local date when a gap ran into midnight."""
    day = due_utc.astimezone(ZoneInfo(zone)).date()
    before = day - timedelta(days=1)
    return before if due_at(before, at, zone) == due_utc and _exists(before, zone) else day


def parse_time(text: str) -> time:
    """Reads `18:30`, `18.30`, `18h30`, `6pm`, `6:30 pm`, `noon`. Raises InvalidSpec."""
    if (named := _NAMED_TIMES.get(text.strip().casefold())) is not None:
        return named
    match = _TIME.fullmatch(text.strip())
    if match is not None:
        hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
        said_enough = bool(match[2] or half)
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        elif half:
            hour = 24
        if said_enough and hour < 24 and minute < 60:
            return time(hour, minute)
    raise InvalidSpec("at", f"“{text[:40]}” is not a time of day; write one such as 18:30 or 6pm")


def parse_zone(text: str) -> str:
    """The IANA name of a time zone or its city alone, whatever the case. Raises InvalidSpec with the nearest one."""
    zones = _zones()
    folded = text.strip().replace(" ", "_").casefold()
    if folded in zones:
        return zones[folded]
    cities = {zone.rpartition("/")[2]: name for zone, name in zones.items()}
    if sum(zone.endswith(f"/{folded}") for zone in zones) == 1:
        return cities[folded]
    nearest = difflib.get_close_matches(folded, [*cities, *zones], n=1, cutoff=0.7)
    example = (cities.get(nearest[0]) or zones[nearest[0]]) if nearest else "Europe/Berlin"
    raise InvalidSpec("zone", f"“{text[:40]}” is not a time zone I know; write its IANA name, such as {example}")


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones())}


def _exists(day: date, zone: str) -> bool:
    """False for a date that a zone jumped over, as Apia did on 2011-12-30."""
    return due_at(day, time(0), zone).astimezone(ZoneInfo(zone)).date() == day


def _gap_end(before_utc: datetime, after_utc: datetime, zone: ZoneInfo) -> datetime:
    """The first second after `before_utc` that has the UTC offset of `after_utc`."""
    offset = after_utc.astimezone(zone).utcoffset()
    seconds = range(int((after_utc - before_utc).total_seconds()) + 1)

    def is_over(second: int) -> bool:
        return (before_utc + timedelta(seconds=second)).astimezone(zone).utcoffset() == offset

    return before_utc + timedelta(seconds=bisect_left(seconds, True, key=is_over))
