"""A daily song as people write it, on every platform alike."""

from datetime import time

import pytest

from bot.domain.daily_text import DailyWish, read_daily
from bot.domain.weekdays import MONDAY_TO_FRIDAY, WEEKEND, Weekdays
from inference.music.errors import MusicError
from tests.fakes.songs import CATALOGUE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:30 Europe/Berlin metal", DailyWish(time(18, 30), "Europe/Berlin", ("metal",))),
        ("18:30 europe/berlin", DailyWish(time(18, 30), "Europe/Berlin", ())),
        ("18:30 Berlin", DailyWish(time(18, 30), "Europe/Berlin", ())),
        ("noon New York heavy metal", DailyWish(time(12, 0), "America/New_York", ("metal",))),
        ("midnight Port of Spain", DailyWish(time(0, 0), "America/Port_of_Spain", ())),
        ("6 pm Berlin any genre", DailyWish(time(18, 0), "Europe/Berlin", ())),
        ("6 pm UTC heavy metal", DailyWish(time(18, 0), "UTC", ("metal",))),
        ("6 p.m. UTC heavy metal", DailyWish(time(18, 0), "UTC", ("metal",))),
        ("7:00 UTC metal punk", DailyWish(time(7, 0), "UTC", ("metal", "punk"))),
        ("7:00 UTC hard rock, punk", DailyWish(time(7, 0), "UTC", ("hard-rock", "punk"))),
    ],
)
def test_daily_is_read_with_time_zone_and_genres(text: str, expected: DailyWish) -> None:
    assert read_daily(text, CATALOGUE) == expected


@pytest.mark.parametrize(
    ("text", "genres", "days"),
    [
        ("18:30 Europe/Berlin metal days: weekdays", ("metal",), MONDAY_TO_FRIDAY),
        ("18:30 Europe/Berlin days:weekend hard rock, punk", ("hard-rock", "punk"), WEEKEND),
        ("18:30 Europe/Berlin metal, jazz days=mon, wed, fri", ("metal", "jazz"), frozenset({0, 2, 4})),
        ("weekdays at 18:30 Europe/Berlin", (), MONDAY_TO_FRIDAY),
        ("18:30 Europe/Berlin hard rock on Tuesdays and Thursdays", ("hard-rock",), frozenset({1, 3})),
        ("18:30 Europe/Berlin sat-mon metal", ("metal",), frozenset({5, 6, 0})),
        ("18:30 Europe/Berlin rock and roll every friday", ("oldies",), frozenset({4})),
        ("18:30 Europe/Berlin metal every day", ("metal",), frozenset(range(7))),
    ],
)
def test_days_of_the_week_are_named_as_people_name_them(text: str, genres: tuple[str, ...], days: Weekdays) -> None:
    assert read_daily(text, CATALOGUE) == DailyWish(time(18, 30), "Europe/Berlin", genres, days)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "18:30"),
        ("18:30", "time zone"),
        ("6 pm", "time zone"),
        ("18:30 metal", "in which time zone that is, too"),
        ("soon UTC", "I do not understand “soon”; write /daily 18:30 Europe/Berlin metal, or /daily with preview"),
        ("25:00 UTC", "18:30 or 6pm"),
        ("18:30 Nowhere Land", "“Nowhere” is not a time zone"),
        ("18:30 UTC mettal", "metal"),
        ("18:30 UTC metal days: moonday", "“moonday” is no day of the week; write weekdays"),
        ("18:30 UTC metal days:", "no day is named"),
    ],
)
def test_unreadable_daily_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(MusicError, match=problem):
        read_daily(text, CATALOGUE)
