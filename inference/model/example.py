"""A song as the arrays the network takes and the steps it should predict."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inference.model.inputs import genre_weights
from inference.model.song import song_numbers
from inference.tokens.arrangement import Arrangement
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES, BandState
from inference.tokens.vocabulary import FIELD_SIZES, Step


@dataclass(frozen=True, slots=True)
class Example:
    """T steps as inputs and the steps after them as targets (NONE heads do not count)."""

    fields: NDArray[np.int64]
    context: NDArray[np.int64]
    content: NDArray[np.float32]
    echo: NDArray[np.int64]
    targets: NDArray[np.int64]
    song: NDArray[np.int64]
    genres: NDArray[np.float32]
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
        notes=0,
    )
    for at, (step, following) in enumerate(pairwise(steps)):
        state.push(step)
        example.fields[at] = step
        example.context[at] = state.context()
        if any(state.content):
            example.content[at] = state.content
        if at + 1 >= prefix:
            example.echo[at] = state.echo(following.head)
            example.targets[at] = following
    state.push(steps[-1])
    state.finish_bar()
    return replace(example, notes=sum(block.note_count for row in state.rows for block in row if block))
