"""Days of the week as people name them: `weekdays`, `weekend`, `mon,wed,fri`, `mon-thu`."""

import re
from collections.abc import Iterator

from inference.music.errors import InvalidSpec

Weekdays = frozenset[int]
"""Days as `date.weekday()` counts them, Monday being 0; never empty."""

EVERY_DAY: Weekdays = frozenset(range(7))
MONDAY_TO_FRIDAY: Weekdays = frozenset(range(5))
WEEKEND: Weekdays = EVERY_DAY - MONDAY_TO_FRIDAY
EXAMPLE = "weekdays, weekend or mon,wed,fri"

_NAMES = (
    ("mon", "monday", "mondays", "mo", "montag", "montags"),
    ("tue", "tues", "tuesday", "tuesdays", "di", "dienstag", "dienstags"),
    ("wed", "weds", "wednesday", "wednesdays", "mi", "mittwoch", "mittwochs"),
    ("thu", "thur", "thurs", "thursday", "thursdays", "do", "donnerstag", "donnerstags"),
    ("fri", "friday", "fridays", "fr", "freitag", "freitags"),
    ("sat", "saturday", "saturdays", "sa", "samstag", "samstags", "sonnabend"),
    ("sun", "sunday", "sundays", "so", "sonntag", "sonntags"),
)
_SETS: dict[str, Weekdays] = {
    **{name: frozenset({day}) for day, names in enumerate(_NAMES) for name in names},
    **dict.fromkeys(("weekday", "weekdays", "workdays", "werktags", "wochentags"), MONDAY_TO_FRIDAY),
    **dict.fromkeys(("weekend", "weekends", "wochenende", "wochenenden"), WEEKEND),
    **dict.fromkeys(("day", "daily", "everyday", "all", "tag", "täglich"), EVERY_DAY),
}
_LABEL = re.compile(r"(?:days|tage)[:=]?", re.IGNORECASE)
_LABELLED = re.compile(r"\b(?:days|tage)[:=]", re.IGNORECASE)
_LINKS = frozenset(("on", "at", "the", "and", "every", "am", "und", "jeden"))


def parse_weekdays(text: str) -> Weekdays:
    """Reads days and nothing else; nothing at all means every day. Raises InvalidSpec."""
    found, rest = take_weekdays(text)
    if rest:
        raise _unreadable(rest)
    return found or EVERY_DAY


def take_weekdays(text: str) -> tuple[Weekdays | None, str]:
    """The days that are named in `text`, None if there are none, and what else it says.

    Raises:
        InvalidSpec: what follows `days:` is no day; the sentence has examples.
    """
    words = re.findall(r"[^\s,]+|,", _LABELLED.sub(r"\g<0> ", text.replace("–", "-")))
    found: set[int] = set()
    kept: list[str] = []
    waiting: list[str] = []  # links and labels, which belong to the days only if days follow
    for word in words:
        days = _days_of(word)
        if days is not None:
            found |= days
            waiting.clear()
        elif word.casefold() in _LINKS or _LABEL.fullmatch(word):
            waiting.append(word)
        else:
            if any(map(_LABEL.fullmatch, waiting)):
                raise _unreadable(word)
            kept += [*waiting, word]
            waiting.clear()
    if any(map(_LABEL.fullmatch, waiting)):
        raise _unreadable("")
    return (frozenset(found) or None), " ".join([*kept, *waiting]).replace(" ,", ",").strip(" ,")


def order_of(day_ordinal: int, days: Weekdays) -> int:
    """Which of `days` it is, counted through the weeks from the first of time; for every day its ordinal itself."""
    weeks, weekday = divmod(day_ordinal - 1, 7)  # the first of January of the year 1 was a Monday
    return weeks * len(days) + sum(day <= weekday for day in days)


def _days_of(word: str) -> Weekdays | None:
    word = word.casefold().rstrip(".;")
    first, dash, last = word.partition("-")
    if not dash:
        return _SETS.get(word)
    ends = [next(iter(days)) for end in (first, last) if len(days := _SETS.get(end, frozenset())) == 1]
    return frozenset(_round(*ends)) if len(ends) == 2 else None


def _round(first: int, last: int) -> Iterator[int]:
    """The days from one to the other, over the end of the week if need be."""
    return (day % 7 for day in range(first, last + 1 + 7 * (last < first)))


def _unreadable(word: str) -> InvalidSpec:
    said = f"“{word[:40]}” is no day of the week" if word else "no day is named"
    return InvalidSpec("days", f"{said}; write {EXAMPLE}")
