"""A daily song is shown in plain words, with its next date as the clocks of its own time zone have it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.weekdays import MONDAY_TO_FRIDAY, WEEKEND, Weekdays
from bot.messages import daily_line, date_words, days_words
from tests.fakes.songs import MEL, PLACE

TOKYO = DailySchedule(
    ScheduleId("s"),
    PLACE,
    time(8, 0),
    "Asia/Tokyo",
    ("metal", "jazz"),
    MEL,
    datetime(2026, 11, 23, 23, 0, tzinfo=UTC),
    days=frozenset({1, 4}),
)


def test_a_daily_song_is_told_with_its_days_and_the_next_date_of_its_zone() -> None:
    assert daily_line(TOKYO, "en") == (
        "A song on Tuesdays and Fridays at 08:00 (Asia/Tokyo), metal and jazz in turn; "
        "the next one on Tue 24 Nov at 08:00."
    )
    assert daily_line(replace(TOKYO, genres=(), days=WEEKEND), "de", "in 3 Stunden") == (
        "Ein Song am Wochenende um 08:00 (Asia/Tokyo), irgendein Genre; "
        "der nächste am Di, 24. Nov. um 08:00 (in 3 Stunden)."
    )


def test_a_paused_one_says_why_instead_of_when() -> None:
    told = daily_line(replace(TOKYO, paused="The channel is gone."), "en")
    assert told.endswith("paused until it is set up again. The reason: The channel is gone.")
    assert "Nov" not in told


@pytest.mark.parametrize(
    ("days", "english", "german"),
    [
        (frozenset(range(7)), "every day", "jeden Tag"),
        (MONDAY_TO_FRIDAY, "on weekdays", "montags bis freitags"),
        (frozenset({6}), "on Sundays", "sonntags"),
        (frozenset({0, 2, 4}), "on Mondays, Wednesdays and Fridays", "montags, mittwochs und freitags"),
    ],
)
def test_days_in_words(days: Weekdays, english: str, german: str) -> None:
    assert (days_words(days, "en"), days_words(days, "de")) == (english, german)


def test_every_date_of_a_year_has_words() -> None:
    for ordinal in range(date(2027, 1, 1).toordinal(), date(2028, 1, 1).toordinal()):
        for locale in ("en", "de"):
            assert len(date_words(date.fromordinal(ordinal), locale).split()) == 3
