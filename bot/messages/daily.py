"""A daily song in words: on which days, when, and the next date as the clocks of its time zone show it."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bot.domain.daily import DailySchedule
from bot.domain.weekdays import EVERY_DAY, MONDAY_TO_FRIDAY, WEEKEND, Weekdays
from bot.messages.catalogue import say

_SETS = {EVERY_DAY: "days_all", MONDAY_TO_FRIDAY: "days_week", WEEKEND: "days_weekend"}


def daily_line(schedule: DailySchedule, locale: str, aside: str = "") -> str:
    """What was set up and when the next song comes; `aside` says that instant once more, as its platform can."""
    words = {
        "days": days_words(schedule.days, locale),
        "at": f"{schedule.at:%H:%M}",
        "zone": schedule.zone,
        "genres": _genres_words(schedule.genres, locale),
    }
    if schedule.paused is not None:
        return say("daily_rests", locale, **words, reason=schedule.paused)
    when = next_words(schedule, locale)
    return say("daily_set", locale, **words, next=f"{when} ({aside})" if aside else when)


def skipped_line(skipped: DailySchedule, later: DailySchedule, locale: str, aside: str = "") -> str:
    """Which song does not come, and what comes after it."""
    gone = say("daily_skipped_once", locale, next=next_words(skipped, locale))
    return f"{gone} {daily_line(later, locale, aside)}"


def next_words(schedule: DailySchedule, locale: str) -> str:
    """Such as “on Tue 24 Nov at 18:30”."""
    due = schedule.next_run_utc.astimezone(ZoneInfo(schedule.zone))  # at a clock that is put on, not quite `at`
    return say("daily_next", locale, day=date_words(due.date(), locale), at=f"{due:%H:%M}")


def days_words(days: Weekdays, locale: str) -> str:
    """Such as “on weekdays”, “on Mondays and Fridays”."""
    if days in _SETS:
        return say(_SETS[days], locale)
    names = say("days_names", locale).split()
    *others, last = [names[day] for day in sorted(days)]
    return say("days_some", locale, days=_joined(others, last, locale))


def date_words(day: date, locale: str) -> str:
    """Such as “Tue 24 Nov”."""
    weekday, month = (
        say("weekdays_short", locale).split()[day.weekday()],
        say("months_short", locale).split()[day.month - 1],
    )
    return say("date_short", locale, weekday=weekday, day=day.day, month=month)


def _genres_words(genres: Sequence[str], locale: str) -> str:
    if len(genres) > 1:
        return say("daily_turns", locale, genres=_joined(genres[:-1], genres[-1], locale))
    return genres[0] if genres else say("daily_any_genre", locale)


def _joined(others: Sequence[str], last: str, locale: str) -> str:
    return say("words_and", locale, first=", ".join(others), last=last) if others else last
