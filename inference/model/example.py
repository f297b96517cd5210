"""A song as the arrays the network takes and the steps it should predict."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inference.model.inputs import genre_weights
from inference.model.song import song_numbers
from inference.music.spec import MAX_PLAYERS
from inference.music.units import MAX_BARS
from inference.tokens.arrangement import Arrangement, Row
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES, BandState
from inference.tokens.vocabulary import FIELD_SIZES, Step, repeats


@dataclass(frozen=True, slots=True)
class Example:
    """T steps as inputs and the steps after them as targets (NONE heads do not count).

    block [T], cells [MAX_BARS, MAX_PLAYERS] and place [T] are those of a `BarGrid`.
    """

    fields: NDArray[np.int64]
    context: NDArray[np.int64]
    content: NDArray[np.float32]
    echo: NDArray[np.int64]
    targets: NDArray[np.int64]
    song: NDArray[np.int64]
    genres: NDArray[np.float32]
    block: NDArray[np.int64]
    cells: NDArray[np.int64]
    place: NDArray[np.int64]
    notes: int


def to_example(arrangement: Arrangement, steps: list[Step], genres: tuple[str, ...]) -> Example:
    """Inputs and targets: one fewer than there are steps."""
    window = len(steps) - 1
    header = arrangement.header
    state = BandState(header)
    prefix = 1 + len(header.players)
    example = Example(
        fields=np.zeros((window, len(FIELD_SIZES)), np.int64),
        context=np.zeros((window, len(CONTEXT_SIZES)), np.int64),
        content=np.zeros((window, CONTENT_SIZE), np.float32),
        echo=np.zeros((window, len(ECHO_SIZES)), np.int64),
        targets=np.zeros((window, len(FIELD_SIZES)), np.int64),
        song=np.array(song_numbers(header), np.int64),
        genres=genre_weights(header, genres).numpy(),
        block=np.zeros(window, np.int64),
        cells=np.zeros((MAX_BARS, MAX_PLAYERS), np.int64),
        place=np.zeros(window, np.int64),
        notes=0,
    )
    opened: dict[tuple[int, int], int] = {}
    for at, (step, following) in enumerate(pairwise(steps)):
        state.push(step)
        example.fields[at] = step
        example.context[at] = state.context()
        if any(state.content):
            example.content[at] = state.content
        example.place[at] = len(state.rows) + state.in_bar
        if state.in_bar and state.slot is not None:
            if step.is_hit:
                example.block[at] = opened[len(state.rows), state.slot]
            elif not repeats(step.value):
                opened[len(state.rows), state.slot] = 1 + at
        if at + 1 >= prefix:
            example.echo[at] = state.echo(following.head)
            example.targets[at] = following
    state.push(steps[-1])
    state.finish_bar()
    _fill_cells(example.cells, state.rows, opened)
    return replace(example, notes=sum(block.note_count for row in state.rows for block in row if block))


def _fill_cells(cells: NDArray[np.int64], rows: list[Row], opened: dict[tuple[int, int], int]) -> None:
    """A repeat is the very block that it repeats, so that it is found by identity."""
    known: dict[int, int] = {}
    for bar, row in enumerate(rows):
        for slot, block in enumerate(row):
            if block is not None:
                cells[bar, slot] = known.setdefault(id(block), opened.get((bar, slot), 0))
