"""The options of a song, one table for every platform's command, modal, parser and help.

Typed options (Discord, modals, the command line) arrive as a mapping, free text (Slack, mentions, the terminal)
as one line; both become `SongWishes`, and `build_request` makes the one request type of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.domain.blend import read_genres
from bot.domain.freetext import Vocabulary, read_options
from bot.domain.request import Place, Requester, RequestId, SongRequest
from inference.music.errors import InvalidSpec
from inference.music.form import read_form
from inference.music.genre import GenreCatalogue
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import (
    MAX_DENSITY,
    MAX_SEED,
    METERS,
    MIN_DENSITY,
    Player,
    SamplingParams,
    SongSpec,
    Space,
    check_range,
)
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_BARS, MIN_TEMPO

_SWITCHES = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(("no", "false", "off", "0"), False)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of `/compose`.

    Args:
        name: as typed, and the field of `SongWishes`.
        kind: str, int, float, or bool for a switch.
        help: one sentence with an example, at most 100 characters.
        minimum: smallest number allowed, None for words.
        maximum: largest number allowed, None for words.
        aliases: other names and units that free text may use.
        choices: the only words there are, none for any.
        required: whether a song cannot be asked for without it.
    """

    name: str
    kind: type[str] | type[int] | type[float] | type[bool]
    help: str
    minimum: float | None = None
    maximum: float | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False

    def read(self, value: object) -> str | int | float | None:
        """The value as this option's kind; None and blank text mean “not said”. Raises InvalidSpec."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if self.kind is bool:
            return self._switch(value)
        return self._word(str(value).strip()) if self.kind is str else self._number(value)

    def _word(self, value: str) -> str:
        if self.choices and value not in self.choices:
            raise InvalidSpec(self.name, f"{self.name} is one of {', '.join(self.choices)}, not “{value[:40]}”")
        return value

    def _switch(self, value: object) -> bool:
        said = str(value).strip().casefold()
        if said not in _SWITCHES:
            raise InvalidSpec(self.name, f"{self.name} is yes or no, not “{said[:40]}”")
        return _SWITCHES[said]

    def _number(self, value: object) -> int | float:
        try:
            number = float(value) if isinstance(value, int | float) else float(str(value).strip().replace(",", "."))
            whole = int(number)
        except (ValueError, OverflowError):
            raise InvalidSpec(self.name, f"{self.name} must be a number, not “{value}”") from None
        if self.kind is int and whole != number:
            raise InvalidSpec(self.name, f"{self.name} must be a whole number, not {value}")
        if self.minimum is not None and self.maximum is not None:
            check_range(self.name, number, self.minimum, self.maximum)
        return whole if self.kind is int else number


GENRE = Option(
    "genre", str, "Genre, such as metal, or a blend of two, such as metal+jazz", aliases=("style",), required=True
)
BARS = Option(
    "bars", int, f"Length in bars, {MIN_BARS} to {MAX_BARS}, such as 32", MIN_BARS, MAX_BARS, ("bar", "length")
)
KEY = Option("key", str, "Key, such as Em, F#m, C or Bb major")
TEMPO = Option(
    "tempo",
    float,
    f"Tempo in quarter notes per minute, {MIN_TEMPO:g} to {MAX_TEMPO:g}, such as 140",
    MIN_TEMPO,
    MAX_TEMPO,
    ("bpm", "speed"),
)
DENSITY = Option(
    "density",
    int,
    f"How many notes, {MIN_DENSITY} (sparse) to {MAX_DENSITY} (frantic), such as 6",
    MIN_DENSITY,
    MAX_DENSITY,
    ("busy",),
)
FORM = Option("form", str, "Sections, such as AABA or verse chorus verse chorus", aliases=("sections",))
BAND = Option(
    "band", str, "Players, such as drums,bass,rhythm,lead:30 (role or role:MIDI program)", aliases=("players",)
)
METER = Option(
    "meter",
    str,
    f"Time signature: {', '.join(map(str, METERS))}, such as 3/4",
    aliases=("time",),
    choices=tuple(map(str, METERS)),
)
STRICT_KEY = Option("strict_key", bool, "Allow only notes of the key, such as Em", aliases=("strict", "strictkey"))
SEED = Option("seed", int, f"Random seed, such as 7; the same seed gives the same song; 0 to {MAX_SEED}", 0, MAX_SEED)
SPACE = Option(
    "space",
    str,
    "How to sample: probabilities, or embedding (a latent point per bar first), such as embedding",
    choices=tuple(Space),
)

OPTIONS: tuple[Option, ...] = (GENRE, BARS, KEY, TEMPO, METER, FORM, DENSITY, BAND, STRICT_KEY, SEED, SPACE)


@dataclass(frozen=True, slots=True)
class SongWishes:
    """What a person asked for; None leaves the choice to the band. `genre` may still be an alias, or a blend."""

    genre: str
    bars: int | None = None
    key: Key | None = None
    tempo: float | None = None
    meter: Meter | None = None
    form: str | None = None
    density: int | None = None
    band: tuple[Player, ...] | None = None
    strict_key: bool | None = None
    seed: int | None = None
    space: Space | None = None


def wishes_from_options(values: Mapping[str, object]) -> SongWishes:
    """Reads typed options by name; texts are converted, None and blanks are left to the band.

    Raises:
        InvalidSpec: no genre, an option not in the table, or a value that is not one of its kind and range.
    """
    known = {option.name: option for option in OPTIONS}
    for name in values:
        if name not in known:
            raise InvalidSpec(name, f"there is no option “{name}”; there are {', '.join(known)}")
    read = {name: option.read(values.get(name)) for name, option in known.items()}
    if read["genre"] is None:
        raise InvalidSpec("genre", "name a genre, such as metal")
    key, form, band, meter, space = (read.pop(name) for name in ("key", "form", "band", "meter", "space"))
    return SongWishes(
        **read,  # type: ignore[arg-type]  # Option.read gives each number its option's kind
        key=None if key is None else Key.parse(str(key)),
        form=None if form is None else read_form(str(form)),
        band=None if band is None else parse_band(str(band)),
        meter=None if meter is None else Meter.parse(str(meter)),
        space=None if space is None else Space(str(space)),
    )


def vocabulary_of(options: Iterable[Option], example: str, subject: str) -> Vocabulary:
    """The words that free text may use for these options."""
    known = tuple(options)
    return Vocabulary(
        names={alias: option.name for option in known for alias in (option.name, *option.aliases)},
        switches=frozenset(option.name for option in known if option.kind is bool),
        players=frozenset(option.name for option in known if option.name in ("band", "keep")),
        example=example,
        subject=subject,
        needs_genre=any(option.required for option in known),
    )


WORDS = vocabulary_of(OPTIONS, "metal 140bpm Em 32 bars seed 7", "text")


def wishes_from_text(text: str, catalogue: GenreCatalogue) -> SongWishes:
    """Reads one line such as `heavy metal 140bpm Em 32 bars seed 7` or `metal tempo=140 key="E minor"`.

    Raises:
        UnknownGenre: with the nearest names.
        InvalidSpec: no genre, two genres, an option twice, a value out of range or a word that means nothing here.
    """
    return wishes_from_options(read_options(text, WORDS, catalogue))


def parse_band(text: str) -> tuple[Player, ...]:
    """Reads `drums,bass:34,lead` (also split by spaces or +). Raises InvalidSpec."""
    return tuple(_player(word) for word in text.replace(",", " ").replace("+", " ").split())


def _player(word: str) -> Player:
    role, _, program = word.casefold().partition(":")
    if role not in [known.value for known in Role]:
        raise InvalidSpec("band", f"“{role}” is no player I know; there are {', '.join(Role)}")
    if program and not (program.isdecimal() and int(program) <= 127):
        raise InvalidSpec("band", f"“{program}” is not a General MIDI program; they go from 0 to 127")
    return Player.of(Role(role), int(program) if program else None)


def build_request(
    wishes: SongWishes, *, id: RequestId, seed: int, place: Place, requester: Requester, catalogue: GenreCatalogue
) -> SongRequest:
    """The request for these wishes, its genre by the catalogue's own name. `seed` is used when none was wished.

    Raises:
        MusicError: an unknown genre or a wish out of range.
    """
    spec = SongSpec(
        genres=read_genres(wishes.genre, catalogue),
        bars=wishes.bars,
        key=wishes.key,
        tempo=wishes.tempo,
        meter=wishes.meter,
        roster=wishes.band,
        form=wishes.form,
        density=wishes.density,
        strict_key=bool(wishes.strict_key),
    )
    sampling = SamplingParams(seed if wishes.seed is None else wishes.seed, space=wishes.space or Space.PROBABILITIES)
    return SongRequest(id, spec, sampling, place, requester, seed_drawn=wishes.seed is None)
