"""When a daily song is due, on ordinary days and on the strange ones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.daily import due_at, due_day, next_run, parse_time, parse_zone
from inference.music.errors import InvalidSpec

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "America/Nuuk",  # springs forward from 22:00, 23:00 or 00:00
    "Africa/Cairo",  # springs forward at midnight
    "Pacific/Apia",  # had no 30 December 2011
    "Asia/Kathmandu",
    "UTC",
]
DAYS = st.dates(date(2009, 1, 1), date(2030, 12, 31))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_ordinary_days_follow_the_wall_clock_through_summer_and_winter() -> None:
    assert due_at(date(2026, 1, 15), time(18, 30), "Europe/Berlin") == utc(2026, 1, 15, 17, 30)
    assert due_at(date(2026, 7, 15), time(18, 30), "Europe/Berlin") == utc(2026, 7, 15, 16, 30)


@pytest.mark.parametrize("at", [time(2, 0), time(2, 30), time(2, 59)])
def test_a_time_in_berlins_gap_is_due_at_its_end(at: time) -> None:
    assert due_at(date(2026, 3, 29), at, "Europe/Berlin") == utc(2026, 3, 29, 1, 0)


def test_a_time_that_exists_twice_in_berlin_is_due_the_first_time_only() -> None:
    first = due_at(date(2026, 10, 25), time(2, 30), "Europe/Berlin")
    assert first == utc(2026, 10, 25, 0, 30)
    assert next_run(first, time(2, 30), "Europe/Berlin") == utc(2026, 10, 26, 1, 30)


def test_lord_howes_half_hour_gap_and_fold() -> None:
    assert due_at(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe") == utc(2026, 10, 3, 15, 30)
    assert due_at(date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe") == utc(2026, 4, 4, 14, 45)


def test_the_day_apia_skipped_has_no_song_and_its_neighbours_one_each() -> None:
    before = next_run(utc(2011, 12, 29, 12, 0), time(18, 0), "Pacific/Apia")
    after = next_run(before, time(18, 0), "Pacific/Apia")
    assert due_day(before, time(18, 0), "Pacific/Apia") == date(2011, 12, 29)
    assert due_day(after, time(18, 0), "Pacific/Apia") == date(2011, 12, 31)
    assert after - before == timedelta(hours=24)


def test_a_gap_that_runs_into_midnight_still_belongs_to_its_own_day() -> None:
    at, zone = time(23, 30), "America/Nuuk"  # 30 March 2024 ended at 23:00
    due = next_run(utc(2024, 3, 30, 12, 0), at, zone)
    assert due.astimezone(ZoneInfo(zone)).date() == date(2024, 3, 31)
    assert due_day(due, at, zone) == date(2024, 3, 30)
    following = next_run(due, at, zone)
    assert due_day(following, at, zone) == date(2024, 3, 31)


@given(DAYS, TIMES, st.sampled_from(ZONES))
@settings(max_examples=300)
def test_a_due_instant_shows_its_time_on_the_wall_or_is_the_end_of_the_gap_around_it(
    day: date, at: time, zone: str
) -> None:
    due = due_at(day, at, zone)
    wall = due.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wanted = datetime.combine(day, at)
    if wall != wanted:
        just_before = (due - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert just_before < wanted < wall


@given(DAYS, TIMES, st.sampled_from(ZONES))
@settings(max_examples=300)
def test_runs_follow_each_other_with_one_for_every_day_that_exists(day: date, at: time, zone: str) -> None:
    start = datetime.combine(day, time(12), tzinfo=UTC)
    first = next_run(start, at, zone)
    second = next_run(first, at, zone)
    assert start < first < second
    assert next_run(first - timedelta(seconds=1), at, zone) == first
    days = [due_day(first, at, zone), due_day(second, at, zone)]
    assert days[0] < days[1]
    skipped = (days[1] - days[0]).days - 1
    assert skipped == 0 or (zone == "Pacific/Apia" and days[0] == date(2011, 12, 29))


@given(DAYS, TIMES, st.sampled_from(ZONES), st.frozensets(st.integers(0, 6), min_size=1))
@settings(max_examples=200)
def test_on_chosen_days_only_runs_are_those_of_every_day_that_fall_on_them(
    day: date, at: time, zone: str, days: frozenset[int]
) -> None:
    start = datetime.combine(day, time(12), tzinfo=UTC)
    every, instant = [], start
    for _ in range(15):
        instant = next_run(instant, at, zone)
        every.append(instant)
    chosen = [due for due in every if due_day(due, at, zone).weekday() in days]
    instant, runs = start, []
    while (instant := next_run(instant, at, zone, days)) <= every[-1]:
        runs.append(instant)
    assert runs == chosen


def test_a_song_on_sundays_in_berlin_stays_at_its_hour_through_the_end_of_summer() -> None:
    first = next_run(utc(2026, 10, 18, 0), time(18, 30), "Europe/Berlin", frozenset({6}))
    assert first == utc(2026, 10, 18, 16, 30)
    assert next_run(first, time(18, 30), "Europe/Berlin", frozenset({6})) == utc(2026, 10, 25, 17, 30)


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Nuuk", "Africa/Cairo"])
def test_a_year_has_a_song_on_each_of_its_days(zone: str) -> None:
    year = 2011 if zone == "Pacific/Apia" else 2024
    instant = due_at(date(year, 1, 1), time(0, 30), zone) - timedelta(seconds=1)
    days = []
    while True:
        instant = next_run(instant, time(0, 30), zone)
        day = due_day(instant, time(0, 30), zone)
        if day.year > year:
            break
        days.append(day)
    assert len(days) == len(set(days)) == (364 if zone == "Pacific/Apia" else 366)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:30", time(18, 30)),
        ("18.30", time(18, 30)),
        ("18h30", time(18, 30)),
        ("6pm", time(18, 0)),
        ("6:30 PM", time(18, 30)),
        ("12 am", time(0, 0)),
        ("12pm", time(12, 0)),
        (" 0:05 ", time(0, 5)),
        ("6 p.m.", time(18, 0)),
    ],
)
def test_times_of_day_are_read_as_people_write_them(text: str, expected: time) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize("text", ["", "18", "25:00", "18:60", "13pm", "0am", "noonish", "18:3", "-1:00", "١٨:٣٠x"])
def test_other_times_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidSpec, match=r"18:30 or 6pm"):
        parse_time(text)


@pytest.mark.parametrize("text", ["Europe/Berlin", "europe/berlin", " EUROPE/BERLIN ", "America/New York"])
def test_zones_are_read_whatever_their_case(text: str) -> None:
    assert parse_zone(text).casefold() == text.strip().replace(" ", "_").casefold()


@pytest.mark.parametrize(
    ("city", "zone"),
    [("Berlin", "Europe/Berlin"), ("tokyo", "Asia/Tokyo"), ("new york", "America/New_York"), ("UTC", "UTC")],
)
def test_a_city_that_names_one_zone_will_do(city: str, zone: str) -> None:
    assert parse_zone(city) == zone


def test_a_city_of_two_zones_will_not() -> None:
    with pytest.raises(InvalidSpec, match="such as America/"):
        parse_zone("Louisville")


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("Berlinn", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("../../etc/passwd", "Europe/Berlin"),
        ("", "Europe/Berlin"),
        ("tokio", "Asia/Tokyo"),
    ],
)
def test_other_zones_are_refused_with_the_nearest_one(text: str, example: str) -> None:
    with pytest.raises(InvalidSpec, match=f"such as {example}$"):
        parse_zone(text)
