"""The genre catalogue, read from `configs/genres.toml`: names, and the habits that complete a spec."""

import difflib
import random
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from inference.music.edit import Edit, Operation
from inference.music.errors import MusicError, UnknownGenre
from inference.music.form import FormHabit
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player, SamplingParams, SongSpec, Space
from inference.music.touch import PLAIN, Touch

_KEYS = {"title", "description", "aliases", "band", "tempo", "bars", "keys", "density", "colour", "form", "touch"}


@dataclass(frozen=True, slots=True)
class Genre:
    """One entry of the catalogue.

    `keys` are the usual ones; `colour` is `#rrggbb` for cards and embeds; `touch` are its sampling biases; `form` says
    how its sections follow one another, None where that is unknown.
    """

    name: str
    title: str
    description: str
    aliases: tuple[str, ...]
    roster: tuple[Player, ...]
    tempo_range: tuple[int, int]
    bars: int
    keys: tuple[Key, ...]
    density: tuple[int, int]
    colour: str
    touch: Touch = PLAIN
    form: FormHabit | None = None

    def drawn_form(self, bars: int, seed: int) -> str | None:
        """A form such as AABA drawn from the genre's habit; None without one."""
        return None if self.form is None else self.form.draw(bars, seed)


@dataclass(frozen=True)
class GenreCatalogue:
    """All genres in the order of the file."""

    genres: tuple[Genre, ...]

    @cached_property
    def _by_name(self) -> dict[str, Genre]:
        names = {_fold(alias): genre for genre in self.genres for alias in genre.aliases}
        return names | {_fold(genre.name): genre for genre in self.genres}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(genre.name for genre in self.genres)

    def find(self, text: str) -> Genre:
        """The genre of that name or alias, ignoring case, spaces and hyphens.

        Raises:
            UnknownGenre: with the nearest names, or all names if none is near.
        """
        genre = self._by_name.get(_fold(text))
        if genre is None:
            close = difflib.get_close_matches(_fold(text), self._by_name, n=3, cutoff=0.6)
            nearest = tuple(dict.fromkeys(self._by_name[match].name for match in close))
            raise UnknownGenre(text, nearest, self.names)
        return genre

    def complete(self, spec: SongSpec, seed: int) -> SongSpec:
        """Fills in what `spec` leaves open, from the main genre's ranges; the same seed gives the same result.

        Genre names are replaced by the catalogue's own. Raises UnknownGenre.
        """
        blend = self._blend(spec)
        genre = self.find(blend[0][0])
        rng = random.Random(f"{seed}:{genre.name}")
        known = replace(spec, genres=blend)
        return known.with_defaults(
            bars=genre.bars,
            key=rng.choice(genre.keys),
            tempo=float(rng.randint(*genre.tempo_range)),
            meter=Meter(4, 4),
            roster=genre.roster,
            density=rng.randint(*genre.density),
        )

    def led(self, spec: SongSpec, sampling: SamplingParams) -> SamplingParams:
        """`sampling` with the touch of the main genre, adapted to the kind of edit; unchanged if it has a touch.

        A new song without a form also gets one drawn, except in the embedding space, whose songs have their own.

        Raises:
            UnknownGenre: the genre is not in the catalogue.
        """
        if sampling.touch is not None:
            return sampling
        genre = self.find(spec.main_genre)
        if spec.edit is not None:
            return replace(sampling, touch=_for_edit(genre.touch, spec.edit))
        if spec.form is not None:
            return replace(sampling, touch=genre.touch.in_form())
        if spec.bars is None or sampling.space is Space.EMBEDDING:
            return replace(sampling, touch=genre.touch)
        return replace(sampling, touch=genre.touch, form=genre.drawn_form(spec.bars, sampling.seed))

    def _blend(self, spec: SongSpec) -> tuple[tuple[str, float], ...]:
        """The genres, heaviest first and then by name, so that equal blends are equal songs; aliases are merged."""
        weights: dict[str, float] = {}
        for name, weight in spec.genres:
            known_as = self.find(name).name
            weights[known_as] = weights.get(known_as, 0.0) + weight
        return tuple(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])))


def _for_edit(touch: Touch, edit: Edit) -> Touch:
    if edit.operation is Operation.ACCOMPANY:
        return touch.accompanying()
    touch = touch.filling() if edit.fills else touch
    return touch.joining() if edit.joins else touch


def load_catalogue(path: Path) -> GenreCatalogue:
    """Reads a genre file. Raises OSError, or ValueError that says in which table what is wrong."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return GenreCatalogue(tuple(_read(name, entry) for name, entry in table.items()))


def _read(name: str, entry: Any) -> Genre:
    if not isinstance(entry, dict):
        raise ValueError(f"{name} stands outside of the table of a genre")
    if unknown := sorted(entry.keys() - _KEYS):
        raise ValueError(f"[{name}] has {' and '.join(unknown)}, which no genre has")
    try:
        return _genre(name, entry)
    except KeyError as error:
        raise ValueError(f"[{name}] has no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, MusicError) as error:
        raise ValueError(f"[{name}]: {error}") from error


def _genre(name: str, entry: dict[str, Any]) -> Genre:
    low, high = entry["tempo"]
    sparse, busy = entry["density"]
    return Genre(
        name=name,
        title=str(entry["title"]),
        description=str(entry["description"]),
        aliases=tuple(entry.get("aliases", ())),
        roster=tuple(_player(text) for text in entry["band"]),
        tempo_range=(int(low), int(high)),
        bars=int(entry["bars"]),
        keys=tuple(Key.parse(text) for text in entry["keys"]),
        density=(int(sparse), int(busy)),
        colour=str(entry["colour"]),
        touch=Touch.read(entry.get("touch", {})),
        form=FormHabit(**{name: float(share) for name, share in entry["form"].items()}) if "form" in entry else None,
    )


def _player(text: str) -> Player:
    role, _, program = text.partition(":")
    return Player.of(Role(role), int(program) if program else None)


def _fold(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
