"""Masks for the next step: whatever is sampled under them can be decoded and keeps what the header promises."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.spec import Player
from inference.music.touch import PLAIN, Touch
from inference.music.units import TICKS_PER_GRID
from inference.tokens.arrangement import Row
from inference.tokens.block import Block, chord_intervals
from inference.tokens.busyness import Busyness, gap_leaning
from inference.tokens.given import Known, Open, Plan, block_steps, is_row
from inference.tokens.lead import Lead
from inference.tokens.leaning import (
    Leaning,
    both,
    ending_duration_leaning,
    ending_head_leaning,
    root_leaning,
    scaled,
    shape_leaning,
)
from inference.tokens.state import BandState
from inference.tokens.vocabulary import (
    BAR,
    DRUM_SET,
    DURATION_FIELD,
    END,
    FIELD_SIZES,
    HEAD_FIELD,
    MIXED,
    NEW,
    NONE,
    PITCH,
    POSITION,
    SHAPE_FIELD,
    SHAPES,
    TRACK,
    VALUE_FIELD,
    VALUES,
    Step,
    repeats,
)
from inference.tokens.written import tonic_shift

Mask = NDArray[np.bool_]

MAX_HITS_AT_ONCE = 4
# Lowest and highest sounding pitch a role may play; wider than 99 % of what such players play in the training files.
_RANGES = {Role.BASS: (21, 67), Role.RHYTHM: (28, 88), Role.LEAD: (31, 100)}
_WIDEST = (21, 108)
_FOUNDATION = frozenset({Role.DRUMS, Role.BASS, Role.RHYTHM})


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits on top of the syntax.

    max_rest: bars that drums, bass and rhythm may rest at a time. max_solo_rest: the same of others, who come and go
    with sections. all_play: in a short song less than half of it, so that nobody is silent. max_repeats: whole bars
    the band may repeat in a row. new_ending: the last bar is no repeat, as in nine of ten real songs, so that it can
    ring out. strict_key: new notes stay in the key. touch: sampling biases.
    """

    max_rest: int = 4
    max_solo_rest: int = 8
    all_play: bool = True
    max_repeats: int = 16
    new_ending: bool = True
    strict_key: bool = False
    touch: Touch = PLAIN

    def rest_limit(self, bars: int, role: Role) -> int:
        """How many bars in a row a player may rest in a song of `bars` bars."""
        limit = self.max_rest if role in _FOUNDATION else self.max_solo_rest
        return min(limit, (bars - 1) // 2) if self.all_play else limit


class Grammar:
    """Masks and biases for the next step of one song. Cells given by `plan` are forced, first in their bar."""

    def __init__(self, state: BandState, rules: Rules, plan: Plan | None = None) -> None:
        self._state = state
        self._rules = rules
        self._plan = plan
        self._all_free: Known = (Open.FREE,) * len(state.header.players)
        self._rests = [0] * len(state.header.players)
        self._rest_limits = [rules.rest_limit(state.header.bars, player.role) for player in state.header.players]
        key = state.header.key
        self._strict = key.mode if rules.strict_key and key is not None else None
        self._lead = None if rules.touch == PLAIN else Lead(rules.touch, state, plan)
        self._key_factor = rules.touch.key
        self._repeated = 0
        self._bars = 0
        self._shift = tonic_shift(state.header.key)
        self._busyness = None if state.header.density is None else Busyness(state.header.density)
        self._past_bar = POSITION + state.header.meter.ticks // TICKS_PER_GRID

    def forced(self) -> list[Step]:
        """The steps that must follow the last one: a bar's given blocks."""
        state = self._state
        if self._plan is None or state.last.head != BAR or repeats(state.last.value):
            return []
        return list(block_steps(state, self._cells()))

    def mask(self, field: int, chosen: list[int]) -> Mask:
        """Allowed values of a field (bool, FIELD_SIZES[field]) after the fields before it; at least one is allowed."""
        if field == HEAD_FIELD:
            self._follow()
            return _mask_of(HEAD_FIELD, tuple(self._heads()))
        head = chosen[HEAD_FIELD]
        if field == VALUE_FIELD:
            return self._values(head)
        if head < POSITION:
            return _mask_of(field, (NONE,))
        value = chosen[VALUE_FIELD]
        if field in (SHAPE_FIELD, SHAPE_FIELD + 1):
            if value >= DRUM_SET:
                return _mask_of(field, (NONE,))
            return self._shapes(value - PITCH) if field == SHAPE_FIELD else _not_none(field)
        return _not_none(field)

    def leaning(self, field: int, chosen: list[int]) -> Leaning | None:
        """Biases to add to the field's logits, float [FIELD_SIZES[field]]; None for none."""
        kept = self._kept(field, chosen)
        if self._lead is None:
            return kept
        return both(kept, self._lead.leaning(field, _head(field, chosen), is_inside=self._inside))

    def temperature(self, field: int, chosen: list[int]) -> float:
        """The touch's temperature of the field, by which its logits are divided on top of the song's temperature."""
        return 1.0 if self._lead is None else self._lead.temperature(field, _head(field, chosen))

    def _kept(self, field: int, chosen: list[int]) -> Leaning | None:
        """Biases that keep a song at its density, in its key and towards its ending."""
        if field == HEAD_FIELD:
            return ending_head_leaning() if self._in_last_bar() else self._gap_leaning()
        key, slot = self._state.header.key, self._state.slot
        if slot is None or chosen[HEAD_FIELD] < POSITION or self._state.header.players[slot].is_drum:
            return None
        if field == DURATION_FIELD:
            return ending_duration_leaning() if self._in_last_bar() else None
        if key is None or field > SHAPE_FIELD:
            return None
        if field == VALUE_FIELD:
            return scaled(root_leaning(key.mode), self._key_factor)
        return scaled(shape_leaning(key.mode, (chosen[VALUE_FIELD] - PITCH) % 12), self._key_factor)

    @property
    def _inside(self) -> bool:
        """Whether a block is being written."""
        last = self._state.last
        return last.is_hit or (last.is_track and self._state.in_bar and not repeats(last.value))

    def _gap_leaning(self) -> Leaning | None:
        if self._busyness is None or not self._inside:
            return None
        return gap_leaning(self._busyness.level, self._state.position, self._past_bar - POSITION)

    def _in_last_bar(self) -> bool:
        state = self._state
        return self._rules.new_ending and state.in_bar and self._is_last_bar(len(state.rows))

    def _is_last_bar(self, bar: int) -> bool:
        header = self._state.header
        return header.closes and not header.ahead and bar + 1 == header.bars

    def _follow(self) -> None:
        """Updates the counts with the bars that were closed since the last step."""
        rows = self._state.rows
        while self._bars < len(rows):
            row = rows[self._bars]
            if self._bars == self._state.header.ahead:
                self._rests = [0] * len(self._rests)
            if self._busyness is not None:
                self._busyness.follow(row)
            self._rests = [0 if block else rest + 1 for rest, block in zip(self._rests, row, strict=True)]
            self._bars += 1

    def _heads(self) -> Iterable[int]:
        state = self._state
        if not state.in_bar:
            return [BAR]
        last = state.last
        if last.head == BAR:
            self._repeated = self._repeated + 1 if repeats(last.value) and not is_row(self._cells()) else 0
            if repeats(last.value):
                return [self._after_bar()]
            return self._next_tracks(may_end=self._cells() != self._all_free)
        if last.is_track and not repeats(last.value):
            return range(POSITION, self._past_bar)
        following = self._next_tracks(may_end=True)
        if last.is_hit and not self._is_given(state.slot):
            first = last.head if state.hits_at_position < MAX_HITS_AT_ONCE and self._room_above() else last.head + 1
            return [*following, *range(first, self._past_bar)]
        return following

    def _next_tracks(self, *, may_end: bool) -> list[int]:
        """Players who may come next: in roster order (any if the order is free), skipping nobody who must play."""
        state = self._state
        cells = self._cells()
        start = 0 if state.header.free_order or state.slot is None else state.slot + 1
        heads = []
        for slot in range(start, len(cells)):
            if slot in state.placed or cells[slot] is None:
                continue
            heads.append(TRACK + slot)
            if self._must_play(slot, cells) and not state.header.free_order:
                return heads
        must = any(self._must_play(slot, cells) and slot not in state.placed for slot in range(len(cells)))
        if (may_end and not must) or not heads:
            heads.append(self._after_bar())
        return heads

    def _must_play(self, slot: int, cells: Known) -> bool:
        cell = cells[slot]
        return cell is Open.FRESH or (cell is Open.FREE and self._rests[slot] >= self._rest_limits[slot])

    def _is_given(self, slot: int | None) -> bool:
        return slot is not None and isinstance(self._cells()[slot], Block)

    def _cells(self) -> Known:
        """What is known of the bar being written; between bars, of the next."""
        return self._all_free if self._plan is None else self._plan.cells(self._state.rows)

    def _after_bar(self) -> int:
        return BAR if len(self._state.rows) + 1 < self._state.header.bars else END

    def _room_above(self) -> bool:
        state = self._state
        if state.slot is None:
            return False
        start, stop = state.last.value + 1, self._range()[1]
        if self._strict is not None and stop <= DRUM_SET:
            return bool(_notes_in(self._strict, start, stop).any())
        return start < stop

    def _values(self, head: int) -> Mask:
        state = self._state
        if head == END:
            return _mask_of(VALUE_FIELD, (NONE,))
        if head == BAR:
            return _mask_of(VALUE_FIELD, tuple(self._bar_values()))
        if head < POSITION:
            return _mask_of(VALUE_FIELD, tuple(self._track_values(head - TRACK)))
        lowest, highest = self._range()
        if state.last.is_hit and state.last.head == head:
            lowest = max(lowest, state.last.value + 1)
        if self._strict is not None and highest <= DRUM_SET:
            return _notes_in(self._strict, lowest, highest)
        return _span(lowest, highest)

    def _shapes(self, pitch: int) -> Mask:
        within = _shapes_within(self._range()[1] - PITCH - pitch)
        return within if self._strict is None else within & _shapes_in(self._strict, pitch % 12)

    def _track_values(self, slot: int) -> list[int]:
        state = self._state
        is_last = self._rules.new_ending and self._is_last_bar(len(state.rows))
        if state.bar_value_now != MIXED or self._cells()[slot] is Open.FRESH or is_last:
            return [NEW]
        return [NEW, *state.block_repeats(slot)]

    def _bar_values(self) -> list[int]:
        # The bar before is still open while this one is asked for.
        state = self._state
        state.finish_bar()
        self._follow()
        cells = self._cells()
        if is_row(cells):
            return [state.bar_value(cells)]
        is_last = self._rules.new_ending and self._is_last_bar(len(state.rows))
        given = [state.track_value(slot, cell) for slot, cell in enumerate(cells) if isinstance(cell, Block)]
        if any(repeats(value) for value in given):
            values = [MIXED]
        else:
            values = [NEW, MIXED] if state.rows and Open.FREE in cells and not is_last else [NEW]
        if not is_last and self._repeated < self._rules.max_repeats and Open.FRESH not in cells:
            values += [value for value in state.row_repeats() if self._may_repeat(state.row_source(value), cells)]
        return values

    def _may_repeat(self, row: Row, cells: Known) -> bool:
        """Whether a row may be repeated: it agrees with what is given, rests nobody who must play, is not silent."""
        pairs = enumerate(zip(row, cells, strict=True))
        return any(row) and all(
            block is not None or not self._must_play(slot, cells) if cell is Open.FREE else block == cell
            for slot, (block, cell) in pairs
        )

    def _range(self) -> tuple[int, int]:
        """First VALUE index the current player may play, and the one after the last, as written."""
        return written_range(self._state.header.players[self._state.slot or 0], self._shift)


def _head(field: int, chosen: list[int]) -> int:
    """Of the step; NONE while it is what is asked for."""
    return NONE if field == HEAD_FIELD else chosen[HEAD_FIELD]


def written_range(player: Player, shift: int) -> tuple[int, int]:
    """First VALUE index a player may play, and the one after the last; the song sounds `shift` semitones higher."""
    if player.is_drum:
        return DRUM_SET, VALUES
    low, high = _RANGES.get(player.role, _WIDEST)
    return PITCH + low - shift, PITCH + high + 1 - shift


@lru_cache(maxsize=4096)
def _mask_of(field: int, allowed: tuple[int, ...]) -> Mask:
    mask = np.zeros(FIELD_SIZES[field], np.bool_)
    mask[list(allowed)] = True
    return mask


@lru_cache(maxsize=1024)
def _span(start: int, stop: int) -> Mask:
    mask = np.zeros(VALUES, np.bool_)
    mask[start:stop] = True
    return mask


@lru_cache(maxsize=1024)
def _notes_in(mode: Mode, start: int, stop: int) -> Mask:
    """Lowest notes of the key, as written."""
    scale = Key(0, mode).pitch_classes
    mask = np.zeros(VALUES, np.bool_)
    mask[[value for value in range(start, stop) if (value - PITCH) % 12 in scale]] = True
    return mask


@lru_cache(maxsize=24)
def _shapes_in(mode: Mode, pitch_class: int) -> Mask:
    """Chord shapes whose notes are all of the key, over a lowest note of it."""
    scale = Key(0, mode).pitch_classes
    stays = [all((pitch_class + up) % 12 in scale for up in chord_intervals(shape)) for shape in range(1, SHAPES)]
    return np.array([False, *stays])


@lru_cache(maxsize=8)
def _not_none(field: int) -> Mask:
    mask = np.ones(FIELD_SIZES[field], np.bool_)
    mask[NONE] = False
    return mask


@lru_cache(maxsize=256)
def _shapes_within(room: int) -> Mask:
    """Chord shapes that reach less than `room` semitones above their lowest note."""
    return np.array([False] + [chord_intervals(shape)[-1] < room for shape in range(1, SHAPES)])
