"""The cells of a song that are known before it is written; an edit gives some and leaves the others open.

A cell is what one player does in one bar. Given cells are forced: in each bar they come before the open ones, which
the model writes around them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeGuard

from inference.music.form import sections
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


@dataclass(frozen=True, slots=True)
class Recall:
    """A free cell that leans on an earlier bar, of a section that returns, as much as the touch says."""

    bar: int


@dataclass(frozen=True, slots=True)
class Since:
    """A free cell of a new section: it leans away from what was played before the bar in which the section begins."""

    bar: int


Cell = Block | Open | Tied | Recall | Since | None  # None is a rest that stays
Known = tuple[Block | Open | None, ...]


@dataclass(frozen=True)
class Given:
    """A song's header and its cells, one row a bar, in order of time and with sounding pitches."""

    header: Header
    rows: tuple[tuple[Cell, ...], ...]


def formed(header: Header, form: str, *, strictly: bool) -> Given:
    """A new song whose bars lean on those of the first time of their section.

    Args:
        header: the song's.
        form: its sections, a letter each.
        strictly: whether new sections lean away from what came before in all of their bars, not in their first alone.
    """
    rows: list[Cell] = []
    first: dict[str, range] = {}
    for letter, section in zip(form, sections(form, header.bars), strict=True):
        known = first.setdefault(letter, section)
        if known is section:
            rows += [Since(section.start) if strictly or bar == section.start else Open.FREE for bar in section]
        else:
            rows += [Recall(known[place % len(known)]) for place in range(len(section))]
    return Given(header, tuple((cell,) * len(header.players) for cell in rows))


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
        return tuple(_known(cell, rows, slot) for slot, cell in enumerate(self._rows[len(rows)]))

    def leaning(self, bar: int, slot: int) -> Recall | Since | None:
        """What a player's cell leans on, all bars counted in the order of writing; None where it leans on nothing."""
        cell = self._rows[bar][slot] if bar < len(self._rows) else None
        return cell if isinstance(cell, Recall | Since) else None

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
        if isinstance(cell, Tied | Recall | Since):
            late = cell.bar >= self._first_ahead
            return type(cell)(cell.bar - self._first_ahead if late else cell.bar + self.header.ahead)
        return cell


def _known(cell: Cell, rows: Sequence[Row], slot: int) -> Block | Open | None:
    if isinstance(cell, Tied):
        return rows[cell.bar][slot]
    return Open.FREE if isinstance(cell, Recall | Since) else cell


def is_row(cells: Known) -> TypeGuard[Row]:
    """Whether every cell is known."""
    return not any(isinstance(cell, Open) for cell in cells)


def needs_free_order(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether in some bar a given player comes after an open one in the roster."""
    for row in rows:
        is_open = [isinstance(cell, Open | Recall | Since) for cell in row]
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
