"""The cells of a song that are known before it is written; an edit gives some and leaves the others open.

A cell is what one player does in one bar. Given cells are forced: in each bar they come before the open ones, which
the model writes around them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeGuard

from inference.tokens.arrangement import Header, Row
from inference.tokens.block import Block
from inference.tokens.state import BandState
from inference.tokens.vocabulary import BAR, NEW, TRACK, Step, repeats
from inference.tokens.written import tonic_shift


class Open(Enum):
    """A cell to be written.

    FREE: the player may rest, play something new or repeat itself. FRESH: it plays something new.
    """

    FREE = "free"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Tied:
    """A cell that repeats the same player's cell of another bar, which is written before this one."""

    bar: int


Cell = Block | Open | Tied | None  # None is a rest that stays
Known = tuple[Block | Open | None, ...]


@dataclass(frozen=True)
class Given:
    """A song's header and its cells, one row a bar, in order of time and with sounding pitches."""

    header: Header
    rows: tuple[tuple[Cell, ...], ...]


class Plan:
    """The given cells in the order of writing, with written pitches."""

    def __init__(self, given: Given) -> None:
        self.header = given.header
        self._first_ahead = len(given.rows) - self.header.ahead
        ordered = given.rows[self._first_ahead :] + given.rows[: self._first_ahead]
        shift = -tonic_shift(self.header.key)
        self._rows = [tuple(self._written(cell, shift) for cell in row) for row in ordered]

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The cells of every bar, in the order of writing, with written pitches and ties by that order."""
        return self._rows

    def cells(self, rows: Sequence[Row]) -> Known:
        """The cells of the bar that comes after the written `rows`."""
        cells = self._rows[len(rows)]
        return tuple(rows[cell.bar][slot] if isinstance(cell, Tied) else cell for slot, cell in enumerate(cells))

    def opening(self) -> Iterator[Step]:
        """The steps of the bars before the first that has an open cell."""
        state = BandState(self.header)
        while len(state.rows) < len(self._rows):
            cells = self.cells(state.rows)
            if not is_row(cells):
                return
            for step in _steps(state, cells):
                state.push(step)
                yield step
            state.finish_bar()

    def _written(self, cell: Cell, shift: int) -> Cell:
        if isinstance(cell, Block):
            return cell.transposed(shift)
        if isinstance(cell, Tied):
            return Tied(cell.bar - self._first_ahead if cell.bar >= self._first_ahead else cell.bar + self.header.ahead)
        return cell


def is_row(cells: Known) -> TypeGuard[Row]:
    """Whether every cell is known."""
    return not any(isinstance(cell, Open) for cell in cells)


def needs_free_order(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether in some bar a given player comes after an open one in the roster."""
    for row in rows:
        is_open = [isinstance(cell, Open) for cell in row]
        if True in is_open:
            first = is_open.index(True)
            if any(isinstance(cell, Block | Tied) for cell in row[first:]):
                return True
    return False


def block_steps(state: BandState, cells: Known) -> Iterator[Step]:
    """The canonical steps of a bar's given blocks, after its BAR step."""
    for slot, cell in enumerate(cells):
        if isinstance(cell, Block):
            value = state.track_value(slot, cell)
            yield Step(TRACK + slot, value)
            if value == NEW:
                yield from cell.hits


def _steps(state: BandState, row: Row) -> Iterator[Step]:
    value = state.bar_value(row)
    yield Step(BAR, value)
    if not repeats(value):
        yield from block_steps(state, row)
