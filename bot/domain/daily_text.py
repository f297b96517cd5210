"""Free text such as `18:30 Europe/Berlin metal, hard rock` -> when and what a daily song is."""

from datetime import time

from bot.domain.daily import parse_time, parse_zone
from inference.music.errors import InvalidSpec, MusicError
from inference.music.genre import GenreCatalogue

ENDINGS = ("stop", "off", "remove")
"""Words that end a daily song."""

EXAMPLE = "/daily 18:30 Europe/Berlin metal"


def read_daily(text: str, catalogue: GenreCatalogue) -> tuple[time, str, tuple[str, ...]]:
    """Wall time, IANA zone and genres (none: any).

    Raises:
        InvalidSpec, UnknownGenre: the sentence says what is wrong, with an example.
    """
    words = text.split()
    if len(words) > 1 and words[1].rstrip(".").replace(".", "").casefold() in ("am", "pm"):
        words[:2] = ["".join(words[:2])]
    if not words:
        raise InvalidSpec("daily", f"say when and in which time zone, such as {EXAMPLE}")
    at = parse_time(words[0])
    if len(words) < 2:
        raise InvalidSpec("daily", f"say in which time zone that is, too, such as {EXAMPLE}")
    return at, parse_zone(words[1]), read_rotation(" ".join(words[2:]), catalogue)


def read_rotation(text: str, catalogue: GenreCatalogue) -> tuple[str, ...]:
    """Genres that take turns: names with commas between them, one name of several words, or several of one word each.

    Raises:
        UnknownGenre: with the nearest names.
    """
    if not text:
        return ()
    names = [part.strip() for part in text.split(",") if part.strip()]
    if len(names) == 1:
        try:
            return (catalogue.find(text).name,)
        except MusicError:
            names = text.split()
    return tuple(catalogue.find(name).name for name in names)
