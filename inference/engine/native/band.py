"""What the native step must know of the band code, and of one song, to keep its state by itself."""

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.touch import Touch
from inference.music.units import TICKS_PER_GRID
from inference.tokens.arrangement import Header
from inference.tokens.block import CELL, KICK, SNARE, Block, chord_intervals
from inference.tokens.busyness import LEVEL, LEVELS, PRIOR_BLOCKS, gap_leaning, onsets_for
from inference.tokens.given import Cell, Open, Plan, Tied
from inference.tokens.grammar import MAX_HITS_AT_ONCE, Rules, written_range
from inference.tokens.leaning import ending_duration_leaning, ending_head_leaning, root_leaning, shape_leaning
from inference.tokens.state import BAR_CYCLE, MAX_BARS_LEFT, player_numbers
from inference.tokens.tables import CHORD_SHAPES, DRUM_SETS
from inference.tokens.touching import STRUCK, again_leaning, harmony_leaning, pedal_leaning
from inference.tokens.vocabulary import (
    COPY_DISTANCES,
    FIELD_SIZES,
    PITCH,
    POSITION,
    POSITIONS,
    RIFFS,
    SHAPES,
    TRACK,
    Step,
)
from inference.tokens.written import tonic_shift

_POINTER = ctypes.c_void_p
_INT = ctypes.c_int32
# As in code.hpp.
_REST, _FREE, _FRESH, _TIED = -1, -2, -3, -10
_NO_KEY = -1
_MODES = list(Mode)
_PARTS = (Role.DRUMS, Role.BASS, Role.RHYTHM)


class CodeTables(ctypes.Structure):
    """In the order of `Code` in code.hpp."""

    _fields_ = (
        ("field_sizes", _INT * len(FIELD_SIZES)),
        *((name, _INT) for name in ("players", "positions", "copies", "riffs", "cell", "hits_at_once", "bar_cycle")),
        *((name, _INT) for name in ("bars_left", "levels", "kick", "snare")),
        *((name, ctypes.c_double) for name in ("level", "prior_blocks")),
        *((name, _POINTER) for name in ("distances", "shapes", "drums", "scales", "shapes_in", "roots")),
        *((name, _POINTER) for name in ("shape_leanings", "ending_heads", "ending_durations", "gaps")),
    )


class TouchFacts(ctypes.Structure):
    """In the order of `Touch` in code.hpp."""

    _fields_ = (
        *((name, ctypes.c_double) for name in ("drums", "rhythm", "form", "low", "high", "page")),
        *((name, ctypes.c_float) for name in ("kick", "riff", "key")),
        ("has_chords", _INT),
        ("chords", ctypes.c_float * 12),
        *((name, _POINTER) for name in ("again", "pedal")),
    )


class SongFacts(ctypes.Structure):
    """In the order of `Facts` in code.hpp."""

    _fields_ = (
        *((name, _INT) for name in ("players", "bars", "ahead", "closes", "free_order", "past_bar", "mode", "strict")),
        *((name, _INT) for name in ("has_density", "max_rest", "max_repeats", "new_ending", "has_plan", "blocks")),
        ("forced", _INT),
        *((name, ctypes.c_double) for name in ("target", "temperature")),
        *((name, _POINTER) for name in ("roster", "cells", "sizes", "hits", "steps")),
        ("touch", TouchFacts),
    )


@dataclass(frozen=True, slots=True)
class Handed:
    """A structure, and the arrays it points to, which must live as long."""

    structure: ctypes.Structure
    arrays: tuple[NDArray[Any], ...]


@lru_cache(maxsize=1)
def code_tables() -> Handed:
    """The band code."""
    scales = np.array([[tone in Key(0, mode).pitch_classes for tone in range(12)] for mode in _MODES], np.uint8)
    within = [[[_stays(scale, root, shape) for shape in range(SHAPES)] for root in range(12)] for scale in scales]
    arrays = (
        np.array(COPY_DISTANCES, np.int32),
        np.array([0, *CHORD_SHAPES], np.int32),
        np.array(DRUM_SETS, np.int32),
        scales,
        np.array(within, np.uint8),
        np.array([root_leaning(mode) for mode in _MODES], np.float32),
        np.array([[shape_leaning(mode, root) for root in range(12)] for mode in _MODES], np.float32),
        ending_head_leaning(),
        ending_duration_leaning(),
        np.array([_gaps(level) for level in range(-LEVELS, LEVELS + 1)], np.float32),
    )
    sizes = (POSITION - TRACK, POSITIONS, len(COPY_DISTANCES), RIFFS, CELL, MAX_HITS_AT_ONCE, BAR_CYCLE)
    numbers = (*sizes, MAX_BARS_LEFT, LEVELS, KICK, SNARE, LEVEL, PRIOR_BLOCKS)
    pointers = (array.ctypes.data for array in arrays)
    return Handed(CodeTables((_INT * len(FIELD_SIZES))(*FIELD_SIZES), *numbers, *pointers), arrays)


def song_facts(header: Header, rules: Rules, plan: Plan | None, forced: list[Step], temperature: float = 1.0) -> Handed:
    """One song; `forced` are its first steps."""
    shift = tonic_shift(header.key)
    roster = [
        (*player_numbers(player), player.is_drum, _part(player.role), *written_range(player, shift))
        for player in header.players
    ]
    numbers: dict[Block, int] = {}
    rows = [] if plan is None else plan.rows
    cells = [[_cell(cell, numbers) for cell in row] for row in rows]
    arrays = (
        np.array(roster, np.int32),
        np.array(cells, np.int32),
        np.array([len(block.hits) for block in numbers], np.int32),
        np.array([hit for block in numbers for hit in block.hits], np.int32),
        np.array(forced, np.int32),
    )
    touch, touching = _touch(rules.touch)
    structure = SongFacts(
        *(len(header.players), header.bars, header.ahead, header.closes, header.free_order),
        POSITION + header.meter.ticks // TICKS_PER_GRID,
        _NO_KEY if header.key is None else _MODES.index(header.key.mode),
        rules.strict_key and header.key is not None,
        header.density is not None,
        *(rules.max_rest, rules.max_repeats, rules.new_ending, plan is not None, len(numbers), len(forced)),
        0.0 if header.density is None else onsets_for(header.density),
        temperature,
        *(array.ctypes.data for array in arrays),
        touch,
    )
    return Handed(structure, (*arrays, *touching))


def _touch(touch: Touch) -> tuple[TouchFacts, list[NDArray[np.float32]]]:
    leanings = (
        again_leaning(touch),
        pedal_leaning(touch.pedal) if touch.pedal else None,
    )
    # What leans on the octave above a C that was struck.
    chords = harmony_leaning(touch.unison, touch.chord, STRUCK)
    shares = [0.0] * 12 if chords is None else chords[PITCH : PITCH + 12].tolist()
    structure = TouchFacts(
        *(touch.drums, touch.rhythm, touch.form, touch.low, touch.high, touch.page, touch.kick, touch.riff, touch.key),
        chords is not None,
        (ctypes.c_float * 12)(*shares),
        *(None if leaning is None else leaning.ctypes.data for leaning in leanings),
    )
    return structure, [leaning for leaning in leanings if leaning is not None]


def _part(role: Role) -> int:
    return _PARTS.index(role) if role in _PARTS else len(_PARTS)


def _stays(scale: NDArray[np.uint8], root: int, shape: int) -> bool:
    """Whether every note of a shape is of the key."""
    return shape > 0 and all(scale[(root + interval) % 12] for interval in chord_intervals(shape))


def _gaps(level: int) -> NDArray[np.float32]:
    """What leans on a gap of so many grid steps."""
    leaning = gap_leaning(level, 0, 0)
    at_start = np.zeros(POSITIONS + 1, np.float32)
    if leaning is not None:
        at_start[:POSITIONS] = leaning[POSITION:]
        longest = gap_leaning(level, 0, POSITIONS)
        at_start[POSITIONS] = 0.0 if longest is None else longest[0]
    return at_start


def _cell(cell: Cell, numbers: dict[Block, int]) -> int:
    if isinstance(cell, Block):
        return numbers.setdefault(cell, len(numbers))
    if isinstance(cell, Tied):
        return _TIED - cell.bar
    return _REST if cell is None else {Open.FREE: _FREE, Open.FRESH: _FRESH}[cell]
