"""Plans an edit (spec -> excerpt for the model) and joins its result with the rest of the song.

The model sees an excerpt around the bars to be written, as long as its memory; the rest of the song is the source's
own notes.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from inference.music.edit import Operation
from inference.music.errors import InvalidSpec
from inference.music.pitch import Key
from inference.music.score import MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import SongSpec
from inference.music.units import MAX_BARS
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.bars import written_as
from inference.tokens.block import Block
from inference.tokens.encode import encode
from inference.tokens.given import Cell, Given, Open, Tied, needs_free_order
from inference.tokens.layout import Layout, lay_out
from inference.tokens.perform import block_notes, track_names
from inference.tokens.source import Source, unpack_source
from inference.tokens.written import tonic_shift

# Steps the model remembers, less some room for what it writes.
_MEMORY = 960
_STEPS_A_CELL = 5
_CONTEXT_BARS = (MAX_BARS, 48, 32, 24, 16, 12, 8, 6, 4, 2)


@dataclass(frozen=True)
class EditPlan:
    """An edit ready to be written. The excerpt `given` begins at bar `first` (from 0) of the result."""

    source: Source
    layout: Layout
    given: Given
    first: int

    @property
    def bars_given(self) -> int:
        """Bars of the result outside the excerpt."""
        return len(self.layout.rows) - len(self.given.rows)


def shift_of(spec: SongSpec, source: Source) -> int:
    """Semitones from the source's key to the spec's; only a remix is transposed. Raises InvalidSpec without an edit."""
    if spec.edit is None:
        raise InvalidSpec("edit", "this song is not an edit of another")
    if spec.key is None or spec.edit.operation is not Operation.REMIX:
        return 0
    before = spec.edit.key or source.arrangement.header.key or spec.key
    return tonic_shift(Key((spec.key.tonic - before.tonic) % 12, spec.key.mode))


@lru_cache(maxsize=8)
def plan_edit(spec: SongSpec, seed: int) -> EditPlan:
    """The plan of a complete spec with an edit; the same spec and seed give the same.

    Raises:
        BadMidi: the source is damaged.
        InvalidSpec: the source has not what the edit names, or the spec is not complete.
    """
    if spec.edit is None or spec.tempo is None or spec.meter is None:
        raise InvalidSpec("edit", "the spec of an edit must be complete")
    source = unpack_source(spec.edit.source)
    layout = lay_out(spec.edit, source, spec.roster, shift_of(spec, source), seed)
    meter = written_as(spec.meter) or spec.meter
    density = _density_asked(spec, spec.edit.operation, source)
    header = Header(spec.genres, layout.players, len(layout.rows), spec.tempo, spec.key, density, meter)
    excerpt = _excerpt(layout, source, header)
    rows = tuple(tuple(_moved(cell, excerpt.start) for cell in layout.rows[bar]) for bar in excerpt)
    last_open = max(bar for bar, row in enumerate(rows) if any(isinstance(cell, Open) for cell in row))
    tied = max((bar for bar, row in enumerate(rows) if any(isinstance(cell, Tied) for cell in row)), default=0)
    header = replace(
        header,
        bars=len(rows),
        opens=excerpt.start == 0,
        closes=excerpt.stop == len(layout.rows),
        ahead=len(rows) - 1 - max(last_open, tied),
        free_order=needs_free_order(rows),
    )
    return EditPlan(source, layout, Given(header, rows), excerpt.start)


def _density_asked(spec: SongSpec, operation: Operation, source: Source) -> int | None:
    """The density to hold the song to: none where it is the song's own, which its bars tell better than a bin does.

    A bin is open at the end and says nothing of a loud chorus: held to it, the players of a song of 20 strokes a bar
    leave their new bars after the first stroke.
    """
    is_own = (
        operation not in (Operation.ACCOMPANY, Operation.REMIX) and spec.density == source.arrangement.header.density
    )
    return None if is_own else spec.density


def _moved(cell: Cell, first: int) -> Cell:
    return Tied(cell.bar - first) if isinstance(cell, Tied) else cell


def _excerpt(layout: Layout, source: Source, header: Header) -> range:
    """The bars of the result that the model sees: those to be written and as many around them as fit its window.

    No more bars come after the last that is written than stand before them, for they are shown first.
    """
    count = len(layout.rows)
    written = [bar for bar, row in enumerate(layout.rows) if any(isinstance(cell, Open | Tied) for cell in row)]
    first, last = written[0], written[-1]
    starts = ((context, max(0, first - context)) for context in _CONTEXT_BARS)
    excerpts = (range(start, min(count, last + 1 + min(context, last + 1 - start))) for context, start in starts)
    *wider, narrowest = dict.fromkeys(excerpts)
    for excerpt in wider:
        if len(excerpt) <= MAX_BARS and _steps(layout, source, header, excerpt) <= _MEMORY:
            return excerpt
    return narrowest


def _steps(layout: Layout, source: Source, header: Header, excerpt: range) -> int:
    """About how many steps an excerpt takes, if what is written is as long as what it replaces."""
    rows, guessed = [], 0
    for bar in excerpt:
        like = layout.bars[bar]
        model = source.arrangement.rows[bar % source.bars if like is None else like]
        cells = [None if origin is None else model[origin] for origin in layout.origins]
        guessed += sum(origin is None for origin in layout.origins)
        rows.append(tuple(cells))
    known = Arrangement(replace(header, bars=len(rows)), tuple(rows))
    return sum(1 for _ in encode(known)) + _STEPS_A_CELL * guessed


def join(plan: EditPlan, written: Arrangement, tempo: float) -> Score:
    """The whole song: what was written, and the source's own notes wherever a cell was given.

    The source's tempo changes go with its bars unless `tempo` is another than its own.
    """
    layout = plan.layout
    names = track_names(layout.players)
    tracks = []
    for slot, player in enumerate(layout.players):
        origin = layout.origins[slot]
        name = "" if origin is None else plan.source.name(origin)
        notes = _untangled(_player_notes(plan, written, slot), (len(layout.rows) + 1) * written.header.meter.ticks)
        tracks.append(Track(name or names[slot], player.program, player.is_drum, notes))
    tracks += _bystanders(plan)
    keeps_time = tempo == plan.source.arrangement.header.tempo
    tempos = _tempos(plan) if keeps_time else (TempoChange(0, tempo),)
    return Score(tuple(tracks), tempos, (MeterChange(0, written.header.meter),))


def _player_notes(plan: EditPlan, written: Arrangement, slot: int) -> list[tuple[Note, bool]]:
    """A player's notes, each with whether it is the source's own."""
    layout, ticks = plan.layout, written.header.meter.ticks
    shift = 0 if layout.players[slot].is_drum else layout.shift
    notes: list[tuple[Note, bool]] = []
    for bar, row in enumerate(layout.rows):
        origin, like, start = layout.origins[slot], layout.bars[bar], bar * ticks
        if isinstance(row[slot], Block | None) and origin is not None and like is not None:
            for note in plan.source.notes(origin, like):
                pitch = note.pitch + shift
                if 0 <= pitch <= 127:
                    notes.append((replace(note, tick=max(0, start + note.tick), pitch=pitch), True))
        elif (block := written.rows[bar - plan.first][slot]) is not None:
            notes.extend((note, False) for note in block_notes(block, start))
    return notes


def _bystanders(plan: EditPlan) -> list[Track]:
    """Those whom the model does not hear: they play on wherever not the whole band is written anew."""
    layout, ticks = plan.layout, plan.source.arrangement.header.meter.ticks
    if not layout.keeps_bystanders:
        return []
    rows = zip(layout.bars, layout.rows, strict=True)
    stays = [like is not None and any(cell is not Open.FREE for cell in row) for like, row in rows]
    tracks = []
    for track in plan.source.bystanders:
        cells = plan.source.by_bar(track)
        notes = [
            replace(note, tick=max(0, bar * ticks + note.tick))
            for bar, like in enumerate(layout.bars)
            if like is not None and stays[bar]
            for note in cells.get(like, ())
        ]
        tracks.append(replace(track, notes=tuple(sorted(notes))))
    return tracks


def _untangled(notes: list[tuple[Note, bool]], limit: int) -> tuple[Note, ...]:
    """Sorted; no note reaches into the next of its pitch if one of the two is new, and no new one beyond `limit`."""
    upcoming: dict[int, tuple[int, bool]] = {}
    kept: list[Note] = []
    for note, is_own in sorted(notes, key=lambda pair: pair[0], reverse=True):
        tick, own_too = upcoming.get(note.pitch, (limit, False))
        if is_own and (own_too or note.pitch not in upcoming):
            kept.append(note)
        elif tick == note.tick:
            continue
        else:
            kept.append(replace(note, duration=max(1, min(note.end, tick) - note.tick)))
        upcoming[note.pitch] = (note.tick, is_own)
    return tuple(sorted(kept))


def _tempos(plan: EditPlan) -> tuple[TempoChange, ...]:
    """The source's tempos at the places its bars have now; new bars go on as the bar before."""
    source, ticks = plan.source, plan.source.arrangement.header.meter.ticks
    changes: list[TempoChange] = []
    for bar, like in enumerate(plan.layout.bars):
        if like is None:
            continue
        for change in source.tempos(like):
            if not changes or changes[-1].tempo != change.tempo:
                changes.append(TempoChange(bar * ticks + change.tick, change.tempo))
    return (
        tuple(changes)
        if changes and changes[0].tick == 0
        else (TempoChange(0, source.arrangement.header.tempo), *changes)
    )
