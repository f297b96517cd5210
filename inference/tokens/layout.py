"""The layout of an edited song: which cells come from the source and which are to be written."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from inference.music.edit import (
    ADDED_BARS,
    CONTINUED_BARS,
    REMIX_STRENGTH,
    VARY_STRENGTH,
    Edit,
    Operation,
    player_names,
    span,
)
from inference.music.errors import InvalidSpec
from inference.music.program import Role
from inference.music.spec import MAX_PLAYERS, Player
from inference.music.units import MAX_BARS, MAX_EDITED_BARS
from inference.tokens.block import Block
from inference.tokens.given import Cell, Open, Tied
from inference.tokens.source import Source

_TAKES_BARS = (Operation.REPLACE, Operation.VARY)
_NOTHING_OPEN = {
    Operation.ACCOMPANY: "everybody in this band plays already; name a band with more players, such as drums,bass,keys",
    Operation.VARY: "nobody plays there, so there is nothing to vary",
    Operation.REMIX: "everybody stays, so there is nothing to remix",
}


@dataclass(frozen=True)
class Layout:
    """The whole result.

    Args:
        players: the roster.
        origins: for each player its place in the source's roster, None for a new one.
        bars: for each bar of the result the source's bar it comes from, None for a new one.
        rows: the cells; what is given is the source's, `shift` semitones higher.
        shift: semitones.
        keeps_bystanders: whether those whom the model does not hear play on in bars that come from the source.
    """

    players: tuple[Player, ...]
    origins: tuple[int | None, ...]
    bars: tuple[int | None, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shift: int = 0
    keeps_bystanders: bool = True


def lay_out(edit: Edit, source: Source, roster: tuple[Player, ...] | None, shift: int, seed: int) -> Layout:
    """The layout of the result of an edit.

    Args:
        edit: the edit.
        source: the edit's own song, as read by `source.unpack_source`.
        roster: who should play (ACCOMPANY, REMIX); None for those of the source.
        shift: semitones from the source's key to the result's (REMIX).
        seed: chooses which blocks a strength rewrites.

    Raises:
        InvalidSpec: the source has not the bars or players that are named, or is too long.
    """
    layout = _LAYOUTS[edit.operation](_Wish(edit, source, roster, shift, seed))
    if len(layout.bars) > MAX_EDITED_BARS:
        raise InvalidSpec(
            "edit", f"an edited song has {MAX_EDITED_BARS} bars at most; this would be {len(layout.bars)}"
        )
    opened = [bar for bar, row in enumerate(layout.rows) if any(isinstance(cell, Open) for cell in row)]
    if not opened:
        raise InvalidSpec("edit", _NOTHING_OPEN[edit.operation])
    if opened[-1] - opened[0] >= MAX_BARS + (edit.operation is Operation.EXTEND):  # which writes an old bar as well
        some = "name a range of them" if edit.operation in _TAKES_BARS else "send a part of it"
        raise InvalidSpec("edit", f"I write {MAX_BARS} bars at a time; this song has {source.bars}, so {some}")
    return layout


@dataclass(frozen=True)
class _Wish:
    edit: Edit
    source: Source
    roster: tuple[Player, ...] | None
    shift: int
    seed: int

    @property
    def players(self) -> tuple[Player, ...]:
        return self.source.arrangement.header.players

    @property
    def cells(self) -> list[list[Cell]]:
        return [list(row) for row in self.source.arrangement.rows]

    def named(self, names: Iterable[str]) -> set[int]:
        """The source's players of these names; a role means all who have it. Raises InvalidSpec."""
        known = player_names(player.role for player in self.players)
        chosen: set[int] = set()
        for name in names:
            found = {slot for slot, player in enumerate(self.players) if name in (known[slot], player.role)}
            if not found:
                raise InvalidSpec("edit", f"there is no “{name[:40]}” in this song; there are {', '.join(known)}")
            chosen |= found
        return chosen

    def region(self) -> range:
        """The bars that are meant, from 0. Raises InvalidSpec."""
        if self.edit.bars is None:
            return range(self.source.bars)
        first, last = self.edit.bars
        if last > self.source.bars:
            many = "is no bar" if first == last else "are no bars"
            raise InvalidSpec("edit", f"this song has {self.source.bars} bars; there {many} {span(self.edit.bars)}")
        return range(first - 1, last)

    def in_place(self, cells: list[list[Cell]]) -> Layout:
        """The source with some cells changed."""
        slots = tuple(range(len(self.players)))
        return Layout(self.players, slots, tuple(range(self.source.bars)), tuple(map(tuple, cells)))


def _extend(wish: _Wish) -> Layout:
    edit, cells = wish.edit, wish.cells
    goes_on = edit.operation is Operation.CONTINUE or len(cells) == 1
    kept = len(cells) if goes_on else len(cells) - 1
    add = edit.add or (CONTINUED_BARS if edit.operation is Operation.CONTINUE else ADDED_BARS)
    fresh = len(cells) + add - kept
    free: list[Cell] = [Open.FREE] * len(wish.players)
    bars = (*range(kept), *(None for _ in range(fresh)))
    slots = tuple(range(len(wish.players)))
    return Layout(wish.players, slots, bars, tuple(map(tuple, (*cells[:kept], *(free for _ in range(fresh))))))


def _replace(wish: _Wish) -> Layout:
    chosen = wish.named(wish.edit.players) or set(range(len(wish.players)))
    cells = wish.cells
    for bar in wish.region():
        for slot in chosen:
            cells[bar][slot] = Open.FREE
    return wish.in_place(cells)


def _accompany(wish: _Wish) -> Layout:
    roster, seats = _seated(wish, set(range(len(wish.players))))
    rows = [tuple(Open.FREE if slot is None else row[slot] for slot in seats) for row in wish.cells]
    return Layout(roster, seats, tuple(range(wish.source.bars)), tuple(rows))


def _vary(wish: _Wish) -> Layout:
    chosen = wish.named(wish.edit.players) or set(range(len(wish.players)))
    cells = wish.cells
    region = wish.region()
    for slot in sorted(chosen):
        column = [cells[bar][slot] for bar in region]
        ending = region[-1] == wish.source.bars - 1 and len(region) > 1
        redrawn = _redrawn(wish, slot, column[:-1] if ending else column, wish.edit.strength or VARY_STRENGTH)
        for bar, cell in zip(region, _in_form(column, redrawn, region.start), strict=True):
            cells[bar][slot] = cell
    if not any(isinstance(cell, Open) for row in cells for cell in row):
        _open_one(wish, cells, sorted(chosen))
    return wish.in_place(cells)


def _open_one(wish: _Wish, cells: list[list[Cell]], chosen: list[int]) -> None:
    """Opens one block of a variation if chance has opened none."""
    region = wish.region()
    played = [(slot, cell) for slot in chosen for bar in region if isinstance(cell := cells[bar][slot], Block)]
    if not played:
        return
    slot, block = random.Random(f"{wish.seed}:one").choice(list(dict.fromkeys(played)))
    column = [cells[bar][slot] for bar in region]
    for bar, cell in zip(region, _in_form(column, {block}, region.start), strict=True):
        cells[bar][slot] = cell


def _remix(wish: _Wish) -> Layout:
    kept = wish.named(wish.edit.keep)
    roster, seats = _seated(wish, kept)
    strength = wish.edit.strength or REMIX_STRENGTH
    columns: list[list[Cell]] = []
    for slot in seats:
        column: list[Cell] = [Open.FREE] * wish.source.bars
        if slot is not None:
            column = [row[slot] for row in wish.cells]
            if slot not in kept:
                column = _in_form(column, _redrawn(wish, slot, column, strength), 0)
        columns.append([cell.transposed(wish.shift) if isinstance(cell, Block) else cell for cell in column])
    rows = tuple(zip(*columns, strict=True))
    return Layout(roster, seats, tuple(range(wish.source.bars)), rows, wish.shift, keeps_bystanders=False)


def _redrawn(wish: _Wish, slot: int, column: Iterable[Cell], strength: float) -> set[Block]:
    """The distinct blocks of a player chosen at random for rewriting, the same for the same seed."""
    distinct = dict.fromkeys(cell for cell in column if isinstance(cell, Block))
    chances = ((block, random.Random(f"{wish.seed}:{slot}:{rank}").random()) for rank, block in enumerate(distinct))
    return {block for block, chance in chances if chance < strength}


def _in_form(column: list[Cell], redrawn: set[Block], first: int) -> list[Cell]:
    """A player's cells with some blocks open where they first come, and tied to that bar where they return."""
    at: dict[Block, int] = {}
    cells: list[Cell] = []
    for bar, cell in enumerate(column, start=first):
        if not isinstance(cell, Block) or cell not in redrawn:
            cells.append(cell)
        elif cell in at:
            cells.append(Tied(at[cell]))
        else:
            at[cell] = bar
            cells.append(Open.FRESH)
    return cells


def _seated(wish: _Wish, kept: set[int]) -> tuple[tuple[Player, ...], tuple[int | None, ...]]:
    """The roster, in order of roles, and for each of it the source's player of that role.

    Those who are kept have a seat whatever the roster says, and their instrument; others take the roster's.
    """
    if wish.roster is None:
        return wish.players, tuple(range(len(wish.players)))
    seats: list[tuple[Player, int | None]] = [(player, None) for player in wish.roster]
    for slot in sorted(range(len(wish.players)), key=lambda slot: slot not in kept):
        player = wish.players[slot]
        free = [index for index, (_, taken) in enumerate(seats) if taken is None]
        same = [index for index in free if seats[index][0] == player]
        alike = [index for index in free if seats[index][0].role is player.role]
        if same or alike:
            index = (same or alike)[0]
            seats[index] = (player if slot in kept else seats[index][0], slot)
        elif slot in kept:
            seats.append((player, slot))
    while len(seats) > MAX_PLAYERS:
        seats.remove(next(seat for seat in reversed(seats) if seat[1] is None))
    roles = list(Role)
    seats.sort(key=lambda seat: roles.index(seat[0].role))
    return tuple(player for player, _ in seats), tuple(slot for _, slot in seats)


_LAYOUTS = {
    Operation.CONTINUE: _extend,
    Operation.EXTEND: _extend,
    Operation.REPLACE: _replace,
    Operation.ACCOMPANY: _accompany,
    Operation.VARY: _vary,
    Operation.REMIX: _remix,
}
