"""What a request leaves open, filled in from the genre, and of an edit from its song."""

from dataclasses import replace

from inference.music.edit import Edit, Operation
from inference.music.errors import InvalidSpec
from inference.music.genre import GenreCatalogue
from inference.music.spec import SongSpec, Space
from inference.server.anew import complete_anew, likely_genre
from inference.tokens.editing import shift_of
from inference.tokens.layout import lay_out
from inference.tokens.source import Source, unpack_source

_ADD_PLAYERS = (Operation.ACCOMPANY, Operation.REMIX)


def complete(spec: SongSpec, catalogue: GenreCatalogue, seed: int, space: Space = Space.PROBABILITIES) -> SongSpec:
    """A spec in which nothing is left open but the title and the form.

    Args:
        spec: what is asked for.
        catalogue: the genres there are.
        seed: chooses where the genre leaves a choice.
        space: what the song is drawn from.

    Raises:
        MusicError: the genre or the edited song is none, or the spec names what the song has not or cannot be.
    """
    edit = spec.edit
    if spec.form is not None and space is Space.EMBEDDING:
        raise InvalidSpec("form", "a song of the embedding space has a form of its own; leave out the form")
    if edit is None:
        return catalogue.complete(spec, seed)
    if edit.operation is Operation.BLEND or space is Space.EMBEDDING:
        return catalogue.complete(complete_anew(spec, edit, catalogue), seed)
    return _complete_edit(spec, edit, catalogue, seed)


def _complete_edit(spec: SongSpec, edit: Edit, catalogue: GenreCatalogue, seed: int) -> SongSpec:
    source = unpack_source(edit.source)
    spec = _with_song(spec, edit, source, catalogue)
    adds_players = edit.operation in _ADD_PLAYERS
    layout = lay_out(edit, source, spec.roster if adds_players else None, shift_of(spec, source), seed)
    bars = len(layout.rows)
    if spec.bars not in (None, bars):
        raise InvalidSpec("bars", f"this edit makes a song of {bars} bars; edit.bars says which of them it changes")
    known = catalogue.complete(replace(spec, bars=bars, roster=layout.players), seed)
    # A density drawn by chance would hold those who join, though whom they join says how busy they may be.
    return replace(known, density=spec.density) if edit.operation is Operation.ACCOMPANY else known


def _with_song(spec: SongSpec, edit: Edit, source: Source, catalogue: GenreCatalogue) -> SongSpec:
    """What the song tells, or the genre where that changes who plays and how."""
    header = source.arrangement.header
    if spec.meter not in (None, header.meter, source.meter):
        raise InvalidSpec("meter", f"an edited song keeps its meter, {source.meter}")
    genre = catalogue.find(spec.main_genre) if spec.genres else likely_genre(source, catalogue)
    spec = replace(spec, genres=spec.genres or ((genre.name, 1.0),))
    spec = spec.with_defaults(key=edit.key or header.key, meter=source.meter)
    low, high = genre.tempo_range
    if edit.operation is not Operation.REMIX or low <= header.tempo <= high:
        spec = spec.with_defaults(tempo=header.tempo)
    if edit.operation in _ADD_PLAYERS:
        return spec.with_defaults(roster=genre.roster)
    if spec.roster not in (None, header.players):
        raise InvalidSpec("band", f"to {edit.operation} a song keeps its band; remix changes it")
    return spec.with_defaults(density=header.density)
