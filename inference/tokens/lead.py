"""Applies the touch of a song: biases on the logits of the next step, and its temperatures."""

from collections.abc import Iterator
from functools import reduce
from operator import or_

from inference.music.program import CHORDAL, Role
from inference.music.touch import Touch
from inference.music.units import GRID_PER_QUARTER
from inference.tokens.arrangement import Row
from inference.tokens.given import Plan, Since
from inference.tokens.leaning import Leaning, both
from inference.tokens.state import BandState
from inference.tokens.touching import (
    LATER_DISTANCES,
    again_leaning,
    full_leaning,
    groove_leaning,
    harmony_leaning,
    kit_leaning,
    later_leaning,
    page_leaning,
    pedal_leaning,
    since_leaning,
    smooth_leaning,
    stroke_leaning,
    tones_leaning,
)
from inference.tokens.vocabulary import HEAD_FIELD, MIXED, NEW, POSITION, SHAPE_FIELD, TRACK, VALUE_FIELD, repeats

_LOW = frozenset({Role.BASS, Role.RHYTHM})


class Lead:
    """The touch of one song; reads its state and plan."""

    def __init__(self, touch: Touch, state: BandState, plan: Plan | None = None) -> None:
        self._touch = touch
        self._state = state
        self._plan = plan

    def temperature(self, field: int, head: int) -> float:
        """The temperature of a field of the next step; `head` is ignored for the head itself."""
        touch, role = self._touch, self._role
        if field != HEAD_FIELD and head < POSITION:
            return touch.form if field == VALUE_FIELD else 1.0
        if role is Role.DRUMS:
            return touch.drums
        if field == HEAD_FIELD:
            return touch.rhythm
        return touch.low if role in _LOW else touch.high

    def leaning(self, field: int, head: int, *, is_inside: bool) -> Leaning | None:
        """Biases to add to a field's logits, None for none; `is_inside`: a block is being written."""
        if field == HEAD_FIELD:
            return self._stroke() if is_inside else None
        if field == SHAPE_FIELD and head >= POSITION:
            return full_leaning(self._touch.full) if self._touch.full and self._role in CHORDAL else None
        if field != VALUE_FIELD:
            return None
        return self._form(head) if head < POSITION else self._value(head - POSITION)

    @property
    def _role(self) -> Role | None:
        slot = self._state.slot
        return None if slot is None else self._state.header.players[slot].role

    def _form(self, head: int) -> Leaning | None:
        touch, state = self._touch, self._state
        again = again_leaning(touch)
        if touch.groove and self._drums(head):
            again = both(again, groove_leaning(touch.groove))
        if touch.section:
            again = both(again, self._section(head))
        if touch.later:
            again = both(again, later_leaning(touch.later, list(self._later(head))))
        if head < TRACK or not touch.page or state.bar_value_now != MIXED:
            return again
        state.finish_block()
        return both(again, page_leaning(touch.page, [state.sources(slot) for slot in sorted(state.placed)]))

    def _drums(self, head: int) -> bool:
        return head >= TRACK and self._state.header.players[head - TRACK].is_drum

    def _section(self, head: int) -> Leaning | None:
        """Towards the bar that this one is like; in a new section away from what was played before it."""
        weight, bar = self._touch.section, len(self._state.rows)
        cell = None if self._plan is None else self._plan.leaning(bar, max(0, head - TRACK))
        if cell is None or cell.bar > bar:
            return None
        if isinstance(cell, Since):
            return None if self._drums(head) else since_leaning(weight, bar - cell.bar)
        value = self._bringing(self._state.rows[cell.bar], head) if cell.bar < bar else NEW
        return later_leaning(weight, [value]) if repeats(value) else None

    def _bringing(self, row: Row, head: int) -> int:
        """The value that repeats a row, or a player's block of it; NEW if none does."""
        if head < TRACK:
            return self._state.bar_value(row)
        block = row[head - TRACK]
        return NEW if block is None else self._state.track_value(head - TRACK, block)

    def _later(self, head: int) -> Iterator[int]:
        """For each distance the value that brings back what is known to come so many bars later."""
        state = self._state
        for distance in LATER_DISTANCES:
            row = state.coming(distance)
            if row is None:
                continue
            value = self._bringing(row, head)
            if repeats(value):
                yield value

    def _stroke(self) -> Leaning | None:
        touch, role = self._touch, self._role
        if role is None or not (touch.kick or touch.riff):
            return None
        heard, here = self._state.heard(), self._state.position
        kicks = heard.drums.kicks if touch.kick and role is Role.BASS and heard.drums else ()
        riff = heard.first.onsets if touch.riff and heard.first else ()
        kicks, riff = (tuple(place for place in places if place > here) for places in (kicks, riff))
        return stroke_leaning(touch.kick, kicks, touch.riff, riff) if kicks or riff else None

    def _value(self, position: int) -> Leaning | None:
        touch = self._touch
        if self._role is Role.DRUMS:
            first = self._state.heard().first if touch.kick else None
            weight = touch.pedal + touch.kick if first is not None and position in first.onsets else touch.pedal
            pedal = pedal_leaning(weight) if weight else None
            return both(pedal, self._kit(position)) if touch.kit else pedal
        leaning = self._harmony(position)
        return both(leaning, self._near(position)) if touch.smooth and self._role not in _LOW else leaning

    def _harmony(self, position: int) -> Leaning | None:
        touch = self._touch
        leaning = None
        if touch.unison or touch.chord:
            leaning = harmony_leaning(touch.unison, touch.chord, self._state.heard().at(position)[1])
        classes = self._classes() if touch.tones else frozenset()
        return both(leaning, tones_leaning(touch.tones, classes)) if classes else leaning

    def _kit(self, position: int) -> Leaning:
        blocks = (self._state.heard().before, self._state.open_block)
        struck = reduce(or_, (block.struck for block in blocks if block is not None), 0)
        return kit_leaning(self._touch.kit, struck, after_one=position >= GRID_PER_QUARTER)

    def _near(self, position: int) -> Leaning | None:
        state = self._state
        last = state.open_block or state.heard().before
        if last is None or position == state.position:
            return None
        return smooth_leaning(self._touch.smooth, last.lowest[last.onsets[-1]])

    def _classes(self) -> frozenset[int]:
        """The pitch classes of the blocks that other players have in the current bar."""
        state = self._state
        blocks = (block for slot, block in enumerate(state.row) if block is not None and slot != state.slot)
        return frozenset[int]().union(*(block.pitch_classes for block in blocks))
