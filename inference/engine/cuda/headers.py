"""A song as the numbers its slot begins with. Mirrors `Header` and `Setting` of parts.hpp. No torch here."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inference.engine.sequence import Sequence
from inference.music.pitch import Mode
from inference.music.spec import MAX_PLAYERS
from inference.music.touch import Touch
from inference.music.units import MAX_EDITED_BARS, TICKS_PER_GRID
from inference.tokens.block import Block
from inference.tokens.busyness import onsets_for
from inference.tokens.given import Cell, Open, Plan, Tied
from inference.tokens.grammar import MAX_HITS_AT_ONCE, written_range
from inference.tokens.state import player_numbers
from inference.tokens.vocabulary import FIELD_SIZES, POSITION, POSITIONS
from inference.tokens.written import tonic_shift

# The names of `Setting` in parts.hpp are these in capitals.
SETTINGS = ("temperature", "top_p", "guidance", "target", *(f"touch_{one.name}" for one in fields(Touch)))
_SINGLE = 17
_COLUMNS = 5
HEADER_INTS = _SINGLE + _COLUMNS * MAX_PLAYERS
REST, FREE, FRESH, TIED = -1, -2, -3, -10
_KEPT_HITS = POSITIONS * MAX_HITS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Joining:
    """What a slot is told of its song.

    header: int32 [HEADER_INTS]; settings: float64 [SETTINGS]; opening: int32 [steps, 5], first of all steps;
    cells: int16 [MAX_EDITED_BARS, MAX_PLAYERS]; given: int32, what cells refer to and room for what they will.
    """

    header: NDArray[np.int32]
    settings: NDArray[np.float64]
    opening: NDArray[np.int32]
    cells: NDArray[np.int16]
    given: NDArray[np.int32]


def joining(sequence: Sequence) -> Joining:
    """Of a song that has not begun: nothing was drawn yet."""
    header, rules, sampling = sequence.header, sequence.rules, sequence.job.sampling
    opening = np.array([sequence.step, *sequence.forced], np.int32)
    cells, given, kept_at = _cells(sequence.plan)
    players = header.players
    rows = 1 if sequence.steer is None else sequence.steer.shape[0] * sequence.steer.shape[1]
    numbers = [player_numbers(player) for player in players]
    ranges = [written_range(player, tonic_shift(header.key)) for player in players]
    columns = (
        [role for role, _ in numbers],
        [program for _, program in numbers],
        [player.is_drum for player in players],
        [low for low, _ in ranges],
        [high for _, high in ranges],
    )
    single = (
        *(len(players), header.bars, header.ahead, header.closes, header.free_order),
        *(0 if header.key is None else 1 + (header.key.mode is Mode.MINOR), rules.strict_key),
        *(POSITION + header.meter.ticks // TICKS_PER_GRID, rules.max_rest, rules.max_repeats, rules.new_ending),
        *(header.density is not None, sequence.plan is not None, len(opening), sampling.guidance != 1, rows, kept_at),
    )
    ints = np.zeros(HEADER_INTS, np.int32)
    ints[:_SINGLE] = single
    ints[_SINGLE:].reshape(_COLUMNS, MAX_PLAYERS)[:, : len(players)] = columns
    touch = rules.touch
    target = 1.0 if header.density is None else onsets_for(header.density)
    how = (sampling.temperature, sampling.top_p, sampling.guidance, target)
    settings = np.array([*how, *(getattr(touch, one.name) for one in fields(Touch))], np.float64)
    return Joining(ints, settings, opening, cells, given)


def _cells(plan: Plan | None) -> tuple[NDArray[np.int16], NDArray[np.int32], int]:
    """Cells, what they refer to, and where room for the hits of fresh blocks begins."""
    cells = np.full((MAX_EDITED_BARS, MAX_PLAYERS), FREE, np.int16)
    if plan is None:
        return cells, np.zeros(1, np.int32), 0
    blocks: dict[Block, int] = {}
    fresh = 0
    for bar, row in enumerate(plan.rows):
        for player, cell in enumerate(row):
            cells[bar, player] = _code(cell, blocks)
            fresh += cell is Open.FRESH
    hits = [hit for block in blocks for hit in block.hits]
    sizes = [len(FIELD_SIZES) * len(block.hits) for block in blocks]
    starts = 1 + len(blocks) + np.cumsum([0, *sizes])
    known = np.concatenate([starts, np.array(hits, np.int32).reshape(-1)])
    room = np.zeros(fresh * _KEPT_HITS * len(FIELD_SIZES), np.int32)
    return cells, np.concatenate([known, room]).astype(np.int32), len(known)


def _code(cell: Cell, blocks: dict[Block, int]) -> int:
    if isinstance(cell, Block):
        return blocks.setdefault(cell, len(blocks))
    if isinstance(cell, Tied):
        return TIED - cell.bar
    return REST if cell is None else FRESH if cell is Open.FRESH else FREE
