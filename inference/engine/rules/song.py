"""A song as the numbers its state begins with. Mirrors `Header` of parts.hpp. No torch here."""

from collections.abc import Sequence as Series
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inference.engine.rules.constants import MODES
from inference.engine.sequence import Sequence
from inference.music.pitch import Key
from inference.music.spec import MAX_PLAYERS, SamplingParams
from inference.music.touch import Touch
from inference.music.units import MAX_EDITED_BARS, TICKS_PER_GRID
from inference.tokens.arrangement import Header
from inference.tokens.block import Block
from inference.tokens.busyness import onsets_for
from inference.tokens.given import Cell, Open, Plan, Recall, Since, Tied
from inference.tokens.grammar import MAX_HITS_AT_ONCE, Rules, written_range
from inference.tokens.state import player_numbers
from inference.tokens.vocabulary import FIELD_SIZES, POSITION, POSITIONS, Step
from inference.tokens.written import tonic_shift

_NUMBERS, _COLUMNS = 14, 5
HEADER_INTS = _NUMBERS + _COLUMNS * MAX_PLAYERS
_REST, _FREE, _FRESH, _TIED, _RECALL, _SINCE = -1, -2, -3, -10, -1000, -2000
_KEPT_HITS = POSITIONS * MAX_HITS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Joining:
    """What a slot is told of its song.

    header: int32 [HEADER_INTS]; settings: float64, `SETTINGS`; opening: int32 [steps, 5], first of all steps;
    cells: int16 [MAX_EDITED_BARS, MAX_PLAYERS]; given: int32, what cells refer to and room for what they will.
    """

    header: NDArray[np.int32]
    settings: NDArray[np.float64]
    opening: NDArray[np.int32]
    cells: NDArray[np.int16]
    given: NDArray[np.int32]


def joining(sequence: Sequence) -> Joining:
    """Of a song that has not begun: nothing was drawn yet."""
    opening = [sequence.step, *sequence.forced]
    return told(sequence.header, sequence.rules, sequence.plan, opening, sequence.job.sampling)


def told(header: Header, rules: Rules, plan: Plan | None, opening: Series[Step], sampling: SamplingParams) -> Joining:
    """Of a song whose first steps are the `opening`.

    Raises:
        ValueError: a cell is tied to one whose hits nobody keeps, because they need not be new.
    """
    cells, given, keep_at = _cells(plan)
    numbers = (
        *(len(header.players), header.bars, header.ahead, header.closes, header.free_order),
        *(_mode(header.key), rules.strict_key, POSITION + header.meter.ticks // TICKS_PER_GRID),
        *(rules.max_repeats, rules.new_ending),
        *(header.density is not None, plan is not None, len(opening), keep_at),
    )
    ranges = [written_range(player, tonic_shift(header.key)) for player in header.players]
    rests = [rules.rest_limit(header.bars, player.role) for player in header.players]
    columns = zip(*map(player_numbers, header.players), strict=True), zip(*ranges, strict=True), (rests,)
    ints = np.zeros(HEADER_INTS, np.int32)
    ints[:_NUMBERS] = numbers
    ints[_NUMBERS:].reshape(_COLUMNS, MAX_PLAYERS)[:, : len(header.players)] = [row for pair in columns for row in pair]
    target = 1.0 if header.density is None else onsets_for(header.density)
    how = (sampling.temperature, sampling.top_p, sampling.guidance, target)
    settings = np.array([*how, *(getattr(rules.touch, one.name) for one in fields(Touch))], np.float64)
    return Joining(ints, settings, np.array(opening, np.int32).reshape(-1, len(FIELD_SIZES)), cells, given)


def _mode(key: Key | None) -> int:
    return 0 if key is None else 1 + MODES.index(key.mode)


def _cells(plan: Plan | None) -> tuple[NDArray[np.int16], NDArray[np.int32], int]:
    """Cells, what they refer to, and where room for the hits of fresh blocks begins."""
    cells = np.full((MAX_EDITED_BARS, MAX_PLAYERS), _FREE, np.int16)
    if plan is None:
        return cells, np.zeros(1, np.int32), 0
    blocks: dict[Block, int] = {}
    fresh = 0
    for bar, row in enumerate(plan.rows):
        for player, cell in enumerate(row):
            if isinstance(cell, Tied) and _is_free(plan.rows[cell.bar][player]):
                raise ValueError("a cell can be tied to what is given or fresh, not to what is free")
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
        return _TIED - cell.bar
    if isinstance(cell, Recall):
        return _RECALL - cell.bar
    if isinstance(cell, Since):
        return _SINCE - cell.bar
    return _REST if cell is None else _FRESH if cell is Open.FRESH else _FREE


def _is_free(cell: Cell) -> bool:
    return cell is Open.FREE or isinstance(cell, Recall | Since)
