"""Free text such as `heavy metal 140bpm Em 32 bars seed 7` or `jazz 120bpm keep lead` -> option values as texts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from inference.music.errors import InvalidSpec, UnknownGenre
from inference.music.form import SECTION_NAMES
from inference.music.genre import GenreCatalogue
from inference.music.pitch import Key
from inference.music.program import Role

_EXAMPLES = {
    "form": "AABA",
    "band": "drums,bass,lead",
    "meter": "3/4",
    "density": "6",
    "space": "embedding",
    "keep": "drums,bass",
    "strength": "0.5",
}
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_NAMED = re.compile(r"-{0,2}([A-Za-z]+(?:[-_][A-Za-z]+)*)[=:](.*)", re.DOTALL)
_METER = re.compile(r"\d{1,3}/\d{1,3}")
_ANSWERS = frozenset(("yes", "no", "true", "false", "on", "off"))
_MEASURED = re.compile(r"(\d+(?:[.,]\d+)?)([A-Za-z]*)")
_MODES = ("minor", "major", "min", "maj")
_FILLERS = frozenset(("a", "an", "the", "and", "but", "of", "in", "to", "as", "into", "at", "with", "for"))
_FILLERS |= {"me", "it", "some", "song", "tune", "please"}
_PLAYERS = re.compile(rf"(?:{'|'.join(Role)})(?::\d+)?(?:[,+](?:{'|'.join(Role)})(?::\d+)?)*", re.IGNORECASE)
_QUOTES = str.maketrans("“”„«»", '"""""')
_MAX_ECHO = 60  # characters of somebody's text that an answer repeats


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The options that one kind of text may name.

    Args:
        names: every name, alias and unit of an option -> its name; it must know `genre`, `key` and `meter`.
        switches: names of options that are on when they are named alone.
        players: names of options that are lists of players.
        example: a line that is understood, for whoever wrote one that is not.
        subject: the field that errors about words without a meaning are of.
        needs_genre: whether a word that means nothing was meant as the genre, as long as none is there.
    """

    names: Mapping[str, str]
    switches: frozenset[str]
    players: frozenset[str]
    example: str
    subject: str
    needs_genre: bool


def read_options(
    text: str, vocabulary: Vocabulary, catalogue: GenreCatalogue, said: Mapping[str, str] | None = None
) -> dict[str, object]:
    """The values said in `text`, by option name.

    Args:
        text: one line in any order; a genre may be several words; `tempo=140`, `140bpm`, `tempo 140` are the same.
        vocabulary: the options there are.
        catalogue: what counts as a genre.
        said: values that were said elsewhere and belong to the same wishes.

    Raises:
        InvalidSpec: an option said twice, two genres, or a word that means nothing here.
        UnknownGenre: no genre among words that could have been one.
    """
    spaced = re.sub(r"\s*([=+])\s*", r"\1", text.translate(_QUOTES))
    words = [word.strip(",;") for word in _WORD.findall(spaced)]
    reader = _Reader([word for word in words if word.strip('"')], vocabulary, catalogue, dict(said or {}))
    return reader.read()


@dataclass
class _Reader:
    """Walks over the words of one text; each `_take` method returns how many it understood."""

    words: list[str]
    vocabulary: Vocabulary
    catalogue: GenreCatalogue
    values: dict[str, object] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def read(self) -> dict[str, object]:
        at = 0
        while at < len(self.words):
            at += next((count for take in self._takes if (count := take(at))), 0) or self._take_rest(at)
        if self.unknown:
            echo = " ".join(self.unknown)[:_MAX_ECHO]
            if "genre" not in self.values:
                self._suspect_genre(echo)
            raise self._misread(f"I do not understand “{echo}”")
        return self.values

    def _suspect_genre(self, echo: str) -> None:
        """Raises UnknownGenre where what is not understood, or one word of it, was probably meant as the genre."""
        found: list[UnknownGenre] = []
        for words in (echo, *self.unknown):
            try:
                self.catalogue.find(words)
            except UnknownGenre as unknown:
                found.append(unknown)
        near = next((unknown for unknown in found if unknown.nearest), None)
        if near is not None:
            raise near
        if found and (not self.values or self.vocabulary.needs_genre):
            raise found[0]

    def _misread(self, complaint: str, field: str | None = None) -> InvalidSpec:
        known = self.vocabulary
        return InvalidSpec(field or known.subject, f"{complaint}; write it like: {known.example}")

    @property
    def _takes(self) -> tuple[Callable[[int], int], ...]:
        measured = (self._take_named, self._take_measure, self._take_meter)
        return (*measured, self._take_switch, self._take_pair, self._take_blend, self._take_genre, self._take_key)

    def _word(self, at: int) -> str:
        return self.words[at].strip('"') if at < len(self.words) else ""

    def _name(self, at: int) -> str | None:
        return self._known(self._word(at).lstrip("-").rstrip(":"))

    def _known(self, word: str) -> str | None:
        return self.vocabulary.names.get(word.casefold().replace("-", "_"))

    def _set(self, name: str, value: str) -> None:
        known = self.values.setdefault(name, value)
        if known != value and name == "genre":
            raise InvalidSpec(name, f"say one genre, or blend them: {known}+{value}")
        if known != value:
            raise InvalidSpec(name, f"{name} is there twice, as {known} and {value}; say it once")

    def _take_named(self, at: int) -> int:
        """`tempo=140`, `key:"E minor"`, `--bars=32`."""
        match = _NAMED.fullmatch(self.words[at])
        if match is None or not match[2]:
            return 0
        name = self._known(match[1])
        if name is None:
            if "=" in self.words[at]:
                raise self._misread(f"there is no option “{match[1][:_MAX_ECHO]}”", match[1])
            return 0
        value = match[2].replace('"', "")
        mode = name == "key" and self._word(at + 1).casefold() in _MODES
        if name == "genre":
            value = value if "+" in value else self.catalogue.find(value).name
        more = self._sections(at + 1, value) if name == "form" else [self._word(at + 1)] if mode else []
        count = len(more)
        if name in self.vocabulary.players:
            more, count = self._players(at + 1)
        self._set(name, " ".join([value, *more]))
        return 1 + count

    def _take_measure(self, at: int) -> int:
        """`140bpm`, `140 bpm`, `32 bars`."""
        match = _MEASURED.fullmatch(self._word(at))
        if match is None:
            return 0
        number, unit = match.groups()
        name = self.vocabulary.names.get((unit or self._word(at + 1)).casefold())
        if name is None:
            return 0
        self._set(name, number)
        return 1 if unit else 2

    def _take_meter(self, at: int) -> int:
        """`3/4`, `6/8 time`, `meter 3/4`."""
        said = 1 if self._name(at) == "meter" else 0
        if _METER.fullmatch(self._word(at + said)) is None:
            return 0
        self._set("meter", self._word(at + said))
        return 1 + (said or self._name(at + 1) == "meter")

    def _take_switch(self, at: int) -> int:
        """`strict_key`, `--strict-key yes`, `strict`, `strict key`; but `strict key Em` names a key as well."""
        name, answer = self._name(at), self._word(at + 1).casefold()
        if name not in self.vocabulary.switches:
            return 0
        self._set(name, answer if answer in _ANSWERS else "yes")
        return 2 if answer in _ANSWERS or (answer == "key" and not self._is_key(at + 2)) else 1

    def _is_key(self, at: int) -> bool:
        try:
            Key.parse(self._word(at))
        except InvalidSpec:
            return False
        return True

    def _take_pair(self, at: int) -> int:
        """`tempo 140`, `tempo 140 bpm`, `key: Em`, `--seed 7`."""
        name = self._name(at)
        if name in _EXAMPLES and at + 1 == len(self.words):
            wanted = "whom to keep" if name == "keep" else f"which {name}"
            raise InvalidSpec(name, f"say {wanted}, such as {name} {_EXAMPLES[name]}")
        if name is None or at + 1 == len(self.words):
            return 0
        if name == "form":
            sections = [self._word(at + 1), *self._sections(at + 2, self._word(at + 1))]
            self._set(name, " ".join(sections))
            return 1 + len(sections)
        if name in self.vocabulary.players and (players := self._players(at + 1))[0]:
            self._set(name, " ".join(players[0]))
            return 1 + players[1]
        if name == "genre":
            return 1 if self._take_blend(at + 1) or self._take_genre(at + 1) else 0
        if name == "key" and (count := self._take_key(at + 1)):
            return 1 + count
        self._set(name, self._word(at + 1))
        return 3 if self._name(at + 2) == name else 2

    def _sections(self, at: int, first: str) -> list[str]:
        """The sections from here on that follow a first one such as `verse` or `A`."""
        if first.upper() in SECTION_NAMES:
            more = takewhile(lambda word: word.upper() in SECTION_NAMES, self.words[at:])
        else:
            more = takewhile(lambda word: len(first) == len(word) == 1 and word.isalpha(), self.words[at:])
        return list(more)

    def _players(self, at: int) -> tuple[list[str], int]:
        """The players named from here on, as in `the drums, bass and lead`, and how many words that are."""
        named: list[str] = []
        count = 0
        for place, word in enumerate(map(self._word, range(at, len(self.words))), 1):
            if _PLAYERS.fullmatch(word):
                named.append(word)
                count = place
            elif word.casefold() not in _FILLERS:
                break
        return named, count

    def _take_blend(self, at: int) -> int:
        """`metal+jazz`, `metal:0.7+jazz:0.3`; what the parts are worth is read later."""
        parts = self._word(at).split("+")
        if len(parts) < 2 or not all(parts):
            return 0
        self._set("genre", self._word(at))
        return 1

    def _take_genre(self, at: int) -> int:
        """A genre's name or alias, as many words of it as there are."""
        longest = 1 + max(alias.count(" ") for genre in self.catalogue.genres for alias in (genre.name, *genre.aliases))
        for count in range(min(longest, len(self.words) - at), 0, -1):
            try:
                genre = self.catalogue.find(" ".join(self._word(at + step) for step in range(count)))
            except UnknownGenre:
                continue
            self._set("genre", genre.name)
            return count
        return 0

    def _take_key(self, at: int) -> int:
        """`Em`, `F# minor`; a lone `a`, and `A` as the first word, are articles."""
        word, mode = self._word(at), self._word(at + 1)
        count = 2 if mode.casefold() in _MODES else 1
        if count == 1 and (word == "a" or (word == "A" and at == 0)):
            return 0
        text = f"{word} {mode.casefold()}" if count == 2 else word
        try:
            Key.parse(text)
        except InvalidSpec:
            return 0
        self._set("key", text)
        return count

    def _take_rest(self, at: int) -> int:
        if self._word(at).casefold() not in _FILLERS:
            self.unknown.append(self._word(at))
        return 1
