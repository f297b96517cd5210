"""The form of a song: which of its sections are the same, written as letters, such as AABA."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from inference.music.errors import InvalidSpec

MAX_SECTIONS = 16
_LETTERS = "ABCDEFGHIJKLMNOP"
_GRIDS = (8, 4, 2, 1)  # bars that sections are whole multiples of, where they can be
_SECTION = 8  # bars, as long as most sections of band music are
SECTION_NAMES = frozenset(
    ("INTRO", "VERSE", "PRECHORUS", "CHORUS", "REFRAIN", "HOOK", "BRIDGE", "BREAKDOWN", "INTERLUDE", "SOLO", "OUTRO")
)
_BETWEEN = re.compile(r"[\s,;/|·-]+")


def read_form(text: str) -> str:
    """Letters or words as a form: `AABA`, `verse chorus verse chorus`; its first section is A, the next new one B.

    Raises:
        InvalidSpec: it is empty or has too many sections.
    """
    said = _BETWEEN.sub(" ", text.strip().upper()).split()
    names = list(said[0]) if len(said) == 1 and said[0] not in SECTION_NAMES else said
    if not 1 <= len(names) <= MAX_SECTIONS or not all(name.isalpha() for name in names):
        raise InvalidSpec("form", f"a form is 1 to {MAX_SECTIONS} letters, a section each, such as AABA")
    letters: dict[str, str] = {}
    return "".join(letters.setdefault(name, _LETTERS[len(letters)]) for name in names)


def sections(form: str, bars: int) -> list[range]:
    """The bars of each section: as equal in length as can be with sections of whole multiples of 8, else 4, 2 or 1.

    Raises:
        InvalidSpec: there are more sections than bars.
    """
    count = len(form)
    if count > bars:
        raise InvalidSpec("form", f"{form} has {count} sections, more than the song has bars ({bars})")
    for grid in _GRIDS:
        starts = [round(number * bars / count / grid) * grid for number in range(count)] + [bars]
        if all(start < stop for start, stop in pairwise(starts)):
            break
    return [range(start, stop) for start, stop in pairwise(starts)]


def returns(form: str) -> bool:
    """Whether any section comes more than once."""
    return len(set(form)) < len(form)


@dataclass(frozen=True, slots=True)
class FormHabit:
    """How the sections of a genre's songs follow one another, from the second on.

    Args:
        again: share of sections that repeat the one before.
        back: share of sections that bring back an earlier one; all others are new.
    """

    again: float
    back: float

    def draw(self, bars: int, seed: int) -> str | None:
        """A form of sections of about 8 bars for a song of so many; None where it would have one section."""
        rng = random.Random(f"form:{seed}")
        letters = [0]
        for _ in range(1, min(MAX_SECTIONS, round(bars / _SECTION))):
            chance = rng.random()
            earlier = sorted(set(letters) - {letters[-1]})
            if chance < self.again:
                letters.append(letters[-1])
            elif earlier and chance < self.again + self.back:
                letters.append(rng.choice(earlier))
            else:
                letters.append(max(letters) + 1)
        return spelled(letters) if len(letters) > 1 else None


def spelled(numbers: Sequence[int]) -> str:
    """Sections as letters: 0 is A."""
    return "".join(_LETTERS[number] for number in numbers)
