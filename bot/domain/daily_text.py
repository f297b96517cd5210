"""Free text such as `18:30 Europe/Berlin metal, hard rock days: weekdays` -> when and what a daily song is."""

import contextlib
from dataclasses import dataclass
from datetime import time

from bot.domain.daily import parse_time, parse_zone
from bot.domain.weekdays import EVERY_DAY, Weekdays, take_weekdays
from inference.music.errors import InvalidSpec, MusicError
from inference.music.genre import GenreCatalogue

ENDINGS = ("stop", "off", "remove")
"""Words that end a daily song."""

REPLACERS = ("another", "another one", "another one instead", "instead")
"""Words that have another song written in place of the next one."""

_ANY = ("", "any", "any genre", "anything")
_LONGEST_CITY = 3  # words, as in Port of Spain
EXAMPLE = "/daily 18:30 Europe/Berlin metal"


@dataclass(frozen=True, slots=True)
class DailyWish:
    """What somebody wants every so often: wall time `at` in an IANA `zone`, on `days`, of `genres` (none: any)."""

    at: time
    zone: str
    genres: tuple[str, ...] = ()
    days: Weekdays = EVERY_DAY


def read_daily(text: str, catalogue: GenreCatalogue) -> DailyWish:
    """Reads time and zone, then genres and days in any order; days may also be said first.

    Raises:
        InvalidSpec, UnknownGenre: the sentence says what is wrong, with an example.
    """
    days, text = take_weekdays(text)
    words = text.split()
    if words and words[0].casefold() in ("at", "um"):
        del words[0]
    if len(words) > 1 and words[1].rstrip(".").replace(".", "").casefold() in ("am", "pm"):
        words[:2] = ["".join(words[:2])]
    if not words:
        raise InvalidSpec("daily", f"say when and in which time zone, such as {EXAMPLE}")
    at = _read_time(words[0])
    if len(words) < 2 or _is_genre(words[1], catalogue):
        raise InvalidSpec("daily", f"say in which time zone that is, too, such as {EXAMPLE}")
    zone, genres = _split_zone(words[1:])
    return DailyWish(at, zone, read_rotation(genres, catalogue), days or EVERY_DAY)


def _read_time(word: str) -> time:
    """Raises InvalidSpec: no time; a word without any digit was hardly meant as one."""
    try:
        return parse_time(word)
    except InvalidSpec:
        if any(map(str.isdecimal, word)):
            raise
    raise InvalidSpec(
        "daily",
        f"I do not understand “{word[:40]}”; write {EXAMPLE}, or /daily with preview, another, skip or stop",
    )


def _split_zone(words: list[str]) -> tuple[str, str]:
    """The time zone that the words begin with, such as `New York`, and the rest. Raises InvalidSpec."""
    for count in range(min(_LONGEST_CITY, len(words)), 1, -1):
        with contextlib.suppress(InvalidSpec):
            return parse_zone(" ".join(words[:count])), " ".join(words[count:])
    return parse_zone(words[0]), " ".join(words[1:])


def _is_genre(word: str, catalogue: GenreCatalogue) -> bool:
    try:
        catalogue.find(word)
    except MusicError:
        return False
    return True


def read_rotation(text: str, catalogue: GenreCatalogue) -> tuple[str, ...]:
    """Genres that take turns: names with commas between them, one name of several words, or several of one word each.

    Nothing, or `any`, leaves the choice to the band.

    Raises:
        UnknownGenre: with the nearest names.
    """
    if text.casefold() in _ANY:
        return ()
    names = [part.strip() for part in text.split(",") if part.strip()]
    if len(names) == 1:
        try:
            return (catalogue.find(text).name,)
        except MusicError:
            names = text.split()
    return tuple(catalogue.find(name).name for name in names)
