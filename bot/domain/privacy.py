"""What is kept of somebody, or of a whole server: to be shown, handed out and forgotten."""

from dataclasses import dataclass
from enum import StrEnum

from inference.music.errors import InvalidSpec

USAGE = "privacy, privacy export, privacy forget, or for the whole server: privacy export all, privacy forget all"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose records: of one `person` everywhere on a platform, or of everybody in a workspace (person None)."""

    platform: str
    workspace: str
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How much there is: songs, daily songs, and genres that are switched off."""

    songs: int = 0
    dailies: int = 0
    switches: int = 0


class Wanted(StrEnum):
    """What is to be done with it."""

    SHOW = "show"
    EXPORT = "export"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class PrivacyWish:
    """What somebody writes after `privacy`; nothing is forgotten unless `is_sure`."""

    wanted: Wanted
    is_for_all: bool = False
    is_sure: bool = False

    def owner(self, platform: str, workspace: str, person: str) -> Owner:
        """Whose records are meant when `person` writes it in `workspace`."""
        return Owner(platform, workspace, None if self.is_for_all else person)


def read_privacy(text: str) -> PrivacyWish:
    """Reads `export`, `forget all sure` and the like. Raises InvalidSpec."""
    words = text.casefold().split()
    wanted = Wanted(words.pop(0)) if words and words[0] in list(Wanted) else Wanted.SHOW
    marks = {"me": False, "all": False, "sure": False}
    for word in words:
        if word not in marks:
            raise InvalidSpec("privacy", f"I do not understand “{word[:40]}”; write {USAGE}")
        marks[word] = True
    return PrivacyWish(wanted, marks["all"], marks["sure"])
