"""Arrangement -> steps -> arrangement."""

import random
from collections.abc import Iterable, Iterator

from inference.tokens.arrangement import Arrangement, Header, Row
from inference.tokens.state import BandState
from inference.tokens.vocabulary import BAR, END, NEW, START, TRACK, Step, repeats
from inference.tokens.written import sounding, written_rows


def prefix(header: Header) -> Iterator[Step]:
    """The steps before the first bar."""
    yield START
    for slot in range(len(header.players)):
        yield Step(TRACK + slot)


def encode(arrangement: Arrangement, rng: random.Random | None = None) -> Iterator[Step]:
    """The canonical steps of an arrangement: a repeat is encoded as a repeat wherever possible.

    With a free order in the header, `rng` shuffles each bar's blocks.
    """
    state = BandState(arrangement.header)
    yield from prefix(arrangement.header)
    for row in written_rows(arrangement):
        for step in _bar_steps(state, row, rng):
            state.push(step)
            yield step
        state.finish_bar()
    if ends(arrangement.header):
        yield Step(END)


def ends(header: Header) -> bool:
    """Whether an END follows the last bar: where the song is over, and where bars known ahead go on."""
    return header.closes or header.ahead > 0


def _bar_steps(state: BandState, row: Row, rng: random.Random | None) -> Iterator[Step]:
    value = state.bar_value(row)
    yield Step(BAR, value)
    if repeats(value):
        return
    playing = [(slot, block) for slot, block in enumerate(row) if block is not None]
    if state.header.free_order and rng is not None:
        rng.shuffle(playing)
    for slot, block in playing:
        value = state.track_value(slot, block)
        yield Step(TRACK + slot, value)
        if value == NEW:
            yield from block.hits


def decode(header: Header, steps: Iterable[Step]) -> Arrangement:
    """Reads steps (with their prefix) that the grammar allows."""
    state = BandState(header)
    for step in steps:
        state.push(step)
    state.finish_bar()
    return sounding(header, tuple(state.rows))
