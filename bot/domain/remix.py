"""What a remix of a song may change: one table for the words in a chat and for the fields of a form.

Both become a `Remix`, and that the one request type that every other song is asked for with.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.blend import read_genres
from bot.domain.freetext import read_options
from bot.domain.options import (
    BAND,
    BARS,
    DENSITY,
    FORM,
    GENRE,
    KEY,
    METER,
    SEED,
    SPACE,
    STRICT_KEY,
    TEMPO,
    Option,
    parse_band,
    vocabulary_of,
)
from bot.domain.request import Remix
from inference.music.edit import read_names
from inference.music.errors import InvalidSpec
from inference.music.genre import GenreCatalogue
from inference.music.pitch import Key
from inference.music.program import Role

EXAMPLE = "jazz 120bpm keep lead"
MORE = "more"
KEEP = Option("keep", str, "Players who stay as they are, such as drums,lead", aliases=("keeping",))
STRENGTH = Option("strength", float, "How much is written anew, 0.01 to 1, such as 0.5", 0.01, 1.0)
REMIX_OPTIONS = (replace(GENRE, required=False), TEMPO, KEY, DENSITY, BAND, STRICT_KEY, KEEP, STRENGTH, SEED)
_KEPT = {"length": BARS, "meter": METER, "form": FORM, "space": SPACE}
_WORDS = vocabulary_of((*REMIX_OPTIONS, *_KEPT.values()), EXAMPLE, "remix_text")


def remix_from_text(text: str, catalogue: GenreCatalogue) -> Remix:
    """Reads one line such as `jazz 120bpm Em keep drums, lead`.

    Raises:
        UnknownGenre: with the nearest names.
        InvalidSpec: nothing is said, something is said twice, means nothing, is out of range, or stays in any remix.
    """
    return remix_from_fields({MORE: text}, catalogue)


def remix_from_fields(fields: Mapping[str, object], catalogue: GenreCatalogue) -> Remix:
    """Reads the fields of a form by option name; None and blanks are not said, and MORE is a line of its own.

    Raises:
        UnknownGenre, InvalidSpec: as `remix_from_text`.
    """
    filled = {option.name: str(fields.get(option.name) or "").strip() for option in REMIX_OPTIONS}
    said = {name: text for name, text in filled.items() if text}
    remix = _remix(read_options(str(fields.get(MORE) or ""), _WORDS, catalogue, said), catalogue)
    if remix == Remix():
        raise InvalidSpec("remix", f"say which genre it is to become, or what else is to change, such as {EXAMPLE}")
    return remix


def written_out(fields: Mapping[str, object]) -> str:
    """The fields of a form as the one line that says the same; "" where nothing is filled in."""
    said = {name: str(text).replace('"', "").strip() for name, text in fields.items() if text}
    more = said.pop(MORE, "")
    return " ".join([*(f'{name}:"{text}"' for name, text in said.items() if text), more]).strip()


def _remix(values: Mapping[str, object], catalogue: GenreCatalogue) -> Remix:
    kept = next((what for what, option in _KEPT.items() if option.name in values), None)
    if kept is not None:
        may = "genre, tempo, key, density and band, or keep players"
        raise InvalidSpec("remix_kept", f"a remix cannot change the {kept} of its song; it can change {may}: {EXAMPLE}")
    read = {option.name: option.read(values.get(option.name)) for option in REMIX_OPTIONS}
    genre, key, band, keep = (read.pop(name) for name in ("genre", "key", "band", "keep"))
    return Remix(
        **read,  # type: ignore[arg-type]  # Option.read gives each number its option's kind
        genres=() if genre is None else read_genres(str(genre), catalogue),
        key=None if key is None else Key.parse(str(key)),
        band=None if band is None else parse_band(str(band)),
        keep=() if keep is None else _players(str(keep)),
    )


def _players(text: str) -> tuple[str, ...]:
    """Reads `drums,rhythm:2`; whether the song has them is seen later. Raises InvalidSpec."""
    names = read_names(text)
    for name in names:
        role, colon, number = name.partition(":")
        if role not in list(Role) or (colon and not number.isdecimal()):
            raise InvalidSpec("keep", f"“{name[:40]}” is no player I know; there are {', '.join(Role)}")
    return names
