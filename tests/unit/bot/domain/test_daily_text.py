"""A daily song as people write it, on every platform alike."""

from datetime import time

import pytest

from bot.domain.daily_text import read_daily
from inference.music.errors import MusicError
from tests.fakes.songs import CATALOGUE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:30 Europe/Berlin metal", (time(18, 30), "Europe/Berlin", ("metal",))),
        ("18:30 europe/berlin", (time(18, 30), "Europe/Berlin", ())),
        ("18:30 Berlin", (time(18, 30), "Europe/Berlin", ())),
        ("6 pm UTC heavy metal", (time(18, 0), "UTC", ("metal",))),
        ("6 p.m. UTC heavy metal", (time(18, 0), "UTC", ("metal",))),
        ("7:00 UTC metal punk", (time(7, 0), "UTC", ("metal", "punk"))),
        ("7:00 UTC hard rock, punk", (time(7, 0), "UTC", ("hard-rock", "punk"))),
    ],
)
def test_daily_is_read_with_time_zone_and_genres(text: str, expected: tuple[time, str, tuple[str, ...]]) -> None:
    assert read_daily(text, CATALOGUE) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "18:30"),
        ("18:30", "time zone"),
        ("6 pm", "time zone"),
        ("18:30 metal", "time zone"),
        ("soon UTC", "18:30 or 6pm"),
        ("18:30 UTC mettal", "metal"),
    ],
)
def test_unreadable_daily_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(MusicError, match=problem):
        read_daily(text, CATALOGUE)
