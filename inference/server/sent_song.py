"""A song somebody sent to be edited, read once: its notes, and what the band noted in it."""

import base64
import re

from inference.api import BandMember, EditBody, ErrorCode, SongBody
from inference.midi import read_midi
from inference.music.edit import Operation
from inference.music.errors import BadMidi, BadRecipe, MusicError
from inference.music.genre import GenreCatalogue
from inference.music.packed import MAX_SOURCE_BYTES, PACKED_MARK, pack
from inference.music.recipe import Recipe
from inference.music.spec import MAX_TITLE, SongSpec
from inference.server.refusal import Refusal
from inference.tokens.source import Source, unpack_source

_DONE = {
    Operation.CONTINUE: "continued",
    Operation.EXTEND: "extended",
    Operation.REPLACE: "rewritten",
    Operation.ACCOMPANY: "accompanied",
    Operation.VARY: "varied",
    Operation.REMIX: "remixed",
    Operation.BLEND: "blended",
}
_SUFFIX = re.compile(rf" \((?:{'|'.join(_DONE.values())})\)$")


def with_source_read(body: SongBody, catalogue: GenreCatalogue) -> SongBody:
    """The body with its song packed, and with the genre, key and title that the song's recipe tells; blocks.

    The same body gives the same.

    Raises:
        Refusal: a song cannot be read.
    """
    edit = body.edit
    if edit is None:
        return body
    try:
        packed, recipe = _read(edit.midi)
        other = None if edit.other is None else _read(edit.other)[0]
    except MusicError as error:
        raise Refusal(ErrorCode(error.code), str(error)) from error
    known: dict[str, object] = {}
    if recipe is not None:
        known = _of_recipe(recipe.spec, edit, catalogue)
    if edit.operation is Operation.REMIX and body.genre is None:
        known |= _of_song(unpack_source(packed))
    known = {name: value for name, value in known.items() if getattr(body, name) is None}
    key = edit.key or (None if recipe is None or recipe.spec.key is None else str(recipe.spec.key))
    read = {"midi": packed, "other": other, "key": key}
    return body.model_copy(update=known | {"edit": edit.model_copy(update=read)})


def _read(text: str) -> tuple[str, Recipe | None]:
    """A song, packed, and what the band noted in it; a stranger's has nothing. Raises BadMidi."""
    score = None if text.startswith(PACKED_MARK) else read_midi(_decoded(text))
    packed = text if score is None else pack(score)
    unpack_source(packed)
    return packed, None if score is None else _recipe(score.meta)


def _of_recipe(spec: SongSpec, edit: EditBody, catalogue: GenreCatalogue) -> dict[str, object]:
    """Genre and title."""
    known: dict[str, object] = {}
    if all(name in catalogue.names for name, _ in spec.genres):
        known["genre"] = dict(spec.genres)
    if spec.title:
        suffix = f" ({_DONE[edit.operation]})"
        known["title"] = _SUFFIX.sub("", spec.title)[: MAX_TITLE - len(suffix)] + suffix
    return known


def _of_song(source: Source) -> dict[str, object]:
    """What a remix keeps that names no other genre."""
    header = source.arrangement.header
    band = [BandMember(role=player.role, program=player.program) for player in header.players]
    return {"band": band, "tempo": header.tempo, "density": header.density}


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, and letters that are not of ASCII
        raise BadMidi("the song to edit is no MIDI file in base64") from None
    if len(content) > MAX_SOURCE_BYTES:
        raise BadMidi(f"a MIDI file to edit may have {MAX_SOURCE_BYTES // 2**10} KiB at most")
    return content


def _recipe(texts: tuple[str, ...]) -> Recipe | None:
    """What the band noted in a file of its own; a stranger's file has nothing, or nothing that can be read."""
    try:
        return Recipe.from_meta(texts)
    except BadRecipe:
        return None
