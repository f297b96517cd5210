"""Alternative token codes of the same bars, to compare with the shipped one (`inference.tokens.encode`)."""

from collections.abc import Callable, Iterator

from inference.tokens.arrangement import Arrangement, Header, Row
from inference.tokens.block import Block
from inference.tokens.encode import encode, ends, prefix
from inference.tokens.state import BandState, Context
from inference.tokens.vocabulary import BAR, END, NEW, POSITIONS, TRACK, Step, repeats
from inference.tokens.written import written_rows

_Bar = Callable[[BandState, Row], Iterator[Step]]


class WrittenOut(BandState):
    """A code without repeats: every bar and every block is written out."""

    def bar_value(self, row: Row) -> int:
        return NEW

    def track_value(self, slot: int, block: Block) -> int:
        return NEW

    def row_repeats(self) -> list[int]:
        return []

    def block_repeats(self, slot: int) -> list[int]:
        return []


class InTimeOrder(BandState):
    """Players who repeat come first in a bar; the hits of all others follow in the order of time.

    A TRACK step says whose hits come next, as often as that changes. What has been written of a block so far is heard
    by the others as if it were all of it.
    """

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        self._parts: dict[int, list[Step]] = {}
        self._gaps: dict[int, int] = {}
        self._now = -1

    def push(self, step: Step) -> None:
        """Takes the next step."""
        if not step.is_hit or self.slot is None:
            super().push(step)
            return
        part = self._parts.setdefault(self.slot, [])
        if part and step.position > part[-1].position:
            self._gap = self._gaps[self.slot] = step.position - part[-1].position
        part.append(step)
        self.row[self.slot] = Block(tuple(part))
        self.position = self._now = step.position
        self.last = step

    def _open_bar(self, step: Step) -> None:
        self._parts, self._gaps, self._now = {}, {}, -1
        super()._open_bar(step)

    def _open_block(self, step: Step) -> None:
        super()._open_block(step)
        if step.slot in self._parts:
            self.position = self._parts[step.slot][-1].position
            self._gap = self._gaps.get(step.slot, 0)

    def _next_strokes(self) -> Context:
        """As in the shipped code, but nothing falls before what was written last."""
        own, self.position = self.position, max(self.position, self._now - 1)
        *others, _ = super()._next_strokes()
        self.position = own
        again = own + self._gap
        writing = self.last.is_hit or (self.last.is_track and not repeats(self.last.value))
        return (*others, again + 1 if writing and self._gap and self._now <= again < POSITIONS else 0)


def steps_in_blocks(state: BandState, arrangement: Arrangement) -> Iterator[Step]:
    """The shipped order with another state's idea of what can be repeated; `state` is as new and follows."""
    return _steps(state, arrangement, _bar_in_blocks)


def steps_in_time(state: BandState, arrangement: Arrangement) -> Iterator[Step]:
    """The steps that an `InTimeOrder` reads."""
    return _steps(state, arrangement, _bar_in_time)


def shipped_steps(_state: BandState, arrangement: Arrangement) -> Iterator[Step]:
    """What ships, for the same signature."""
    return encode(arrangement)


def written_out_length(arrangement: Arrangement) -> int:
    """Steps without any repeat, the most that an excerpt takes in blocks."""
    blocks = [block for row in arrangement.rows for block in row if block is not None]
    prefix_length = 1 + len(arrangement.header.players)
    return prefix_length + len(arrangement.rows) + sum(1 + len(block.hits) for block in blocks)


def _steps(state: BandState, arrangement: Arrangement, bar: _Bar) -> Iterator[Step]:
    yield from prefix(arrangement.header)
    for row in written_rows(arrangement):
        for step in bar(state, row):
            state.push(step)
            yield step
        state.finish_bar()
    if ends(arrangement.header):
        yield Step(END)


def _bar_in_blocks(state: BandState, row: Row) -> Iterator[Step]:
    value = state.bar_value(row)
    yield Step(BAR, value)
    if repeats(value):
        return
    for slot, block in enumerate(row):
        if block is not None:
            value = state.track_value(slot, block)
            yield Step(TRACK + slot, value)
            if not repeats(value):
                yield from block.hits


def _bar_in_time(state: BandState, row: Row) -> Iterator[Step]:
    value = state.bar_value(row)
    yield Step(BAR, value)
    if repeats(value):
        return
    strokes: list[tuple[int, int, Step]] = []
    for slot, block in enumerate(row):
        if block is None:
            continue
        value = state.track_value(slot, block)
        if repeats(value):
            yield Step(TRACK + slot, value)
        else:
            strokes += [(hit.position, slot, hit) for hit in block.hits]
    playing: int | None = None
    for _, slot, hit in sorted(strokes):
        if slot != playing:
            playing = slot
            yield Step(TRACK + slot, NEW)
        yield hit
