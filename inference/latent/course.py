"""Where a song is steered: what the engine takes of an embedding space. No torch here."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inference.tokens.arrangement import Header
from inference.tokens.given import Cell, Given, Open, Tied, needs_free_order

REST = -1

Cells = NDArray[np.int64]
Place = tuple[int, int]
NOWHERE: Place = (REST, 0)


@dataclass(frozen=True)
class Course:
    """A song's form, and what to add to its embedding while each of its different blocks is written.

    cells: [bars, players], the number of the block that a player plays in a bar, or REST.
    rows: float32 [blocks, places, C]; place 0 is before a block's first hit, else the last one's position plus one.
    """

    cells: Cells
    rows: NDArray[np.float32]

    @cached_property
    def _nothing(self) -> NDArray[np.float32]:
        return np.zeros(self.rows.shape[-1], np.float32)

    def row(self, place: Place) -> NDArray[np.float32]:
        """What to add there: [C]."""
        block, at = place
        return self._nothing if block == REST else self.rows[block, at]

    @property
    def table(self) -> NDArray[np.float32]:
        """A row for each bar, player and place, after a first one of zeros: [1 + bars * players * places, C]."""
        places = self.rows.shape[1]
        table = np.zeros((self.cells.size, places, self.rows.shape[2]), np.float32)
        played = self.cells.ravel() != REST
        table[played] = self.rows[self.cells.ravel()[played]]
        return np.concatenate((self._nothing[None], table.reshape(-1, self.rows.shape[2])))

    def given(self, header: Header) -> Given:
        """What is known of the song before it is written: who rests, and what comes back."""
        first: dict[int, int] = {}
        rows = tuple(
            tuple(_cell(int(block), bar, first.setdefault(int(block), bar)) for block in row)
            for bar, row in enumerate(self.cells)
        )
        return Given(replace(header, bars=len(rows), ahead=0, free_order=needs_free_order(rows)), rows)


def _cell(block: int, bar: int, first: int) -> Cell:
    if block == REST:
        return None
    return Open.FRESH if bar == first else Tied(first)
