"""Arrangement -> score."""

from inference.music.program import Role
from inference.music.score import MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import TICKS_PER_GRID
from inference.tokens.arrangement import Arrangement
from inference.tokens.block import Block, chord_intervals
from inference.tokens.tables import DRUM_LANES, DRUM_SETS
from inference.tokens.vocabulary import (
    DRUM_DURATION_GRID,
    DRUM_SET,
    DURATION_GRIDS,
    PITCH,
    VELOCITY_LEVELS,
    Step,
)

_PART_NAMES = {Role.RHYTHM: "Rhythm guitar", Role.LEAD: "Lead guitar"}


def perform(arrangement: Arrangement, meta: tuple[str, ...] = ()) -> Score:
    """The notes, one named track a player, silent players included.

    A note that would still sound when its player strikes the same pitch again is cut there, and none sounds longer
    than a bar past the last bar line.
    """
    header = arrangement.header
    bar_ticks = header.meter.ticks
    names = track_names(header.players)
    tracks = []
    for slot, player in enumerate(header.players):
        blocks = ((bar * bar_ticks, row[slot]) for bar, row in enumerate(arrangement.rows))
        notes = [note for start, block in blocks if block is not None for note in block_notes(block, start)]
        limit = (len(arrangement.rows) + 1) * bar_ticks
        tracks.append(Track(names[slot], player.program, player.is_drum, _untangled(notes, limit)))
    return Score(tuple(tracks), (TempoChange(0, header.tempo),), (MeterChange(0, header.meter),), meta)


def block_notes(block: Block, start: int) -> list[Note]:
    """A block's notes as they are written, in a bar that begins at tick `start`."""
    return [note for hit in block.hits for note in (_drum_notes if block.is_drum else _pitched_notes)(hit, start)]


def _drum_notes(hit: Step, start: int) -> list[Note]:
    mask = DRUM_SETS[hit.value - DRUM_SET]
    tick, duration = start + hit.position * TICKS_PER_GRID, DRUM_DURATION_GRID * TICKS_PER_GRID
    velocity = VELOCITY_LEVELS[hit.velocity - 1]
    return [Note(tick, key, duration, velocity) for lane, key in enumerate(DRUM_LANES) if mask >> lane & 1]


def _pitched_notes(hit: Step, start: int) -> list[Note]:
    tick, duration = start + hit.position * TICKS_PER_GRID, DURATION_GRIDS[hit.duration - 1] * TICKS_PER_GRID
    velocity = VELOCITY_LEVELS[hit.velocity - 1]
    lowest = hit.value - PITCH
    return [
        Note(tick, lowest + interval, duration, velocity)
        for interval in chord_intervals(hit.shape)
        if lowest + interval <= 127
    ]


def _untangled(notes: list[Note], limit: int) -> tuple[Note, ...]:
    """Sorted, without doubles, no note reaching into the next of its pitch or beyond `limit`."""
    upcoming: dict[int, int] = {}
    kept: list[Note] = []
    for note in sorted(notes, reverse=True):
        following = upcoming.get(note.pitch)
        if following == note.tick:
            continue
        end = min(note.end, limit if following is None else following)
        kept.append(Note(note.tick, note.pitch, end - note.tick, note.velocity))
        upcoming[note.pitch] = note.tick
    return tuple(reversed(kept))


def track_names(players: tuple[Player, ...]) -> tuple[str, ...]:
    """Each player's part, numbered where two would be alike."""
    names: list[str] = []
    for player in players:
        base = _PART_NAMES.get(player.role, player.role.title())
        alike = sum(name == base or name.startswith(f"{base} ") for name in names)
        names.append(base if alike == 0 else f"{base} {alike + 1}")
    return tuple(names)
