"""From a request's body to everything the kitchen needs."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from inference.api import DEFAULT_FILE_MIB, ErrorCode, ExtraFile, FileFormat, SongBody, SongState, SongStatus
from inference.latent.contract import as_cold_as_it_should_be
from inference.music.errors import MusicError
from inference.music.form import read_form
from inference.music.genre import Genre, GenreCatalogue
from inference.music.recipe import Recipe
from inference.music.spec import MAX_SEED, SamplingParams, SongSpec
from inference.music.text import one_line, slug
from inference.music.title import make_title
from inference.music.touch import PLAIN, Touch
from inference.server.completing import complete
from inference.server.refusal import Refusal

# What may differ when the same request comes twice: who waits how long says nothing about the song.
_CIRCUMSTANCES = {"request_id", "seed_drawn", "client", "user", "scheduled", "deadline_s", "preview"}


@dataclass(frozen=True, slots=True)
class Order:
    """A song to make. `recipe` holds the complete spec with its title; `formats` and `files` are distinct."""

    id: str
    recipe: Recipe
    genre: Genre
    genre_title: str
    formats: tuple[FileFormat, ...]
    deadline_s: float
    fingerprint: str
    files: tuple[ExtraFile, ...] = ()
    max_file_bytes: int = int(DEFAULT_FILE_MIB * 2**20)
    takes: int | None = None
    seed_drawn: bool = False
    preview: bool = False

    @property
    def spec(self) -> SongSpec:
        return self.recipe.spec

    @property
    def sampling(self) -> SamplingParams:
        return self.recipe.sampling

    @property
    def title(self) -> str:
        return self.spec.title or self.genre.title

    @property
    def bars(self) -> int:
        return self.spec.bars or self.genre.bars

    @property
    def is_flexible(self) -> bool:
        """Whether it is all the same how many takes there are: nobody said so, and nobody knows what the seed gives."""
        return self.takes is None and self.seed_drawn

    @property
    def needs_rendering(self) -> bool:
        return bool(self.files) or any(wanted is not FileFormat.MIDI for wanted in self.formats)

    def first_status(self) -> SongStatus:
        return SongStatus(
            id=self.id,
            state=SongState.QUEUED,
            bars=self.bars,
            title=self.title,
            genre=self.genre.name,
            seed=self.sampling.seed,
            recipe=self.recipe.to_dict(),
        )

    @property
    def stem(self) -> str:
        """The files' name without extension: letters, digits and hyphens of ASCII."""
        return slug(self.title) or f"{self.genre.name}-{self.sampling.seed}"


def take_order(body: SongBody, catalogue: GenreCatalogue, checkpoint: str, seed: int | None = None) -> Order:
    """Completes what was left open. `seed` is used when the body names none; None draws one.

    Raises:
        Refusal: a wish cannot be met, or the recipe is of another checkpoint.
    """
    _check(body, checkpoint)
    if body.seed is not None:
        seed = body.seed
    elif seed is None:
        seed = secrets.randbelow(MAX_SEED + 1)
    try:
        recipe = _recipe_of(body, catalogue, checkpoint, seed)
    except MusicError as error:
        raise Refusal(ErrorCode(error.code), str(error)) from error
    return Order(
        id=body.request_id or uuid.uuid4().hex,
        recipe=recipe,
        genre=catalogue.find(recipe.spec.main_genre),
        genre_title=title_of(recipe.spec, catalogue),
        formats=tuple(dict.fromkeys(body.formats)),
        deadline_s=body.deadline_s,
        fingerprint=fingerprint(body),
        files=tuple(dict.fromkeys(body.files)),
        max_file_bytes=int(body.max_file_mib * 2**20),
        takes=body.takes,
        seed_drawn=body.seed_drawn or body.seed is None,
        preview=body.preview,
    )


def _check(body: SongBody, checkpoint: str) -> None:
    if body.edit is not None and body.takes not in (None, 1):
        raise Refusal(ErrorCode.INVALID_OPTION, "takes are for new songs, not for edits; ask for one take")
    if body.checkpoint is not None and body.checkpoint != checkpoint:
        raise Refusal(
            ErrorCode.BAD_RECIPE,
            f"this song was written by the model {body.checkpoint}, but {checkpoint} plays here,"
            " so it would not be the same song",
        )


def _recipe_of(body: SongBody, catalogue: GenreCatalogue, checkpoint: str, seed: int) -> Recipe:
    """Raises MusicError when a wish cannot be met."""
    asked = _titled(body.to_spec())
    spec = complete(asked, catalogue, seed, body.space)
    sampling = SamplingParams(seed, body.temperature, body.top_p, body.guidance, body.take, body.space)
    if "temperature" not in body.model_fields_set:
        sampling = as_cold_as_it_should_be(spec, sampling)
    sampling = catalogue.led(spec, replace(sampling, touch=_touch_of(body), form=_drawn_form(body)))
    titled = spec.with_defaults(title=make_title(spec.main_genre, seed))
    return Recipe(checkpoint, titled, sampling, _fields_said(asked, body.asked))


def _touch_of(body: SongBody) -> Touch | None:
    """The one that is said; a song that is played again and says none was written before there were any."""
    if body.touch is not None:
        return Touch.read(body.touch)
    return PLAIN if body.checkpoint is not None else None


def _drawn_form(body: SongBody) -> str | None:
    return None if body.drawn_form is None else read_form(body.drawn_form)


def resume_order(body: SongBody, recipe: dict[str, Any] | None, catalogue: GenreCatalogue, checkpoint: str) -> Order:
    """The order of a song that was accepted before a restart, by the recipe it had then unless the weights changed.

    Raises:
        Refusal: it cannot be made any more, for its genre or its checkpoint is gone.
    """
    order = take_order(body, catalogue, checkpoint)
    try:
        known = Recipe.from_json(json.dumps(recipe))
    except MusicError:
        return order
    return replace(order, recipe=known) if known.checkpoint == checkpoint else order


def title_of(spec: SongSpec, catalogue: GenreCatalogue) -> str:
    """The genre, or the blend of genres, as people read it. Raises UnknownGenre."""
    return " × ".join(catalogue.find(name).title for name, _ in spec.genres)


def fingerprint(body: SongBody) -> str:
    """Equal for bodies that ask for the same song."""
    return hashlib.sha256(body.model_dump_json(exclude=_CIRCUMSTANCES).encode()).hexdigest()


def _titled(spec: SongSpec) -> SongSpec:
    """The title on one line without control characters, or none."""
    return spec if spec.title is None else replace(spec, title=one_line(spec.title) or None)


def _fields_said(spec: SongSpec, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The wishes, or those of them that are `asked`; an edit is told apart, and not to insist on a key is none."""
    said = (entry.name for entry in fields(spec) if getattr(spec, entry.name) not in (None, False, ()))
    return tuple(name for name in said if name != "edit" and (asked is None or name in asked))
