"""Days of the week, read from what people write."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.weekdays import EVERY_DAY, MONDAY_TO_FRIDAY, WEEKEND, Weekdays, order_of, parse_weekdays, take_weekdays
from inference.music.errors import InvalidSpec


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", EVERY_DAY),
        ("every day", EVERY_DAY),
        ("Weekdays", MONDAY_TO_FRIDAY),
        ("weekend", WEEKEND),
        ("mon,wed,fri", {0, 2, 4}),
        ("Mon., Wed. and Fridays", {0, 2, 4}),
        ("mon-thu", {0, 1, 2, 3}),
        ("fri–sun", {4, 5, 6}),
        ("sat-mon", {5, 6, 0}),
        ("weekend, wed", {5, 6, 2}),
        ("montags und mittwochs", {0, 2}),
        ("days: tue thu", {1, 3}),
        ("sun-sun", {6}),
    ],
)
def test_days_are_read_as_people_write_them(text: str, days: Weekdays) -> None:
    assert parse_weekdays(text) == days


@pytest.mark.parametrize("text", ["moonday", "mon,funday", "days:", "1,2", "weekdays-sun", "mon-", "metal"])
def test_other_words_are_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidSpec, match="weekdays, weekend or mon,wed,fri"):
        parse_weekdays(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [("rhythm and blues", "rhythm and blues"), ("metal, hard rock", "metal, hard rock"), ("on", "on"), ("", "")],
)
def test_text_without_days_is_left_as_it_is(text: str, rest: str) -> None:
    assert take_weekdays(text) == (None, rest)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    try:
        days, _ = take_weekdays(text)
    except InvalidSpec:
        return
    assert days is None or EVERY_DAY >= days > frozenset()


@given(st.frozensets(st.integers(0, 6), min_size=1), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_the_days_of_a_schedule_are_counted_one_after_the_other(days: Weekdays, start: date) -> None:
    fortnight = [day for step in range(14) if (day := start + timedelta(days=step)).weekday() in days]
    counted = [order_of(day.toordinal(), days) for day in fortnight]
    assert counted == list(range(counted[0], counted[0] + len(counted)))
    assert order_of(start.toordinal(), EVERY_DAY) == start.toordinal()
