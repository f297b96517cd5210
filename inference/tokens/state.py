"""The state of a song while its steps are written or read.

Training, decoding and grammar all go through `BandState`, so what the model is shown while it learns is by
construction what it is shown while it plays.
"""

from inference.music.program import Role
from inference.music.spec import Player
from inference.tokens.arrangement import Header, Row
from inference.tokens.block import NO_CONTENT, Block
from inference.tokens.listening import HEARD_SIZES, Heard
from inference.tokens.recency import Recency
from inference.tokens.vocabulary import (
    BAR,
    COPY,
    COPY_DISTANCES,
    MIXED,
    NEW,
    POSITION,
    POSITIONS,
    RIFF,
    TRACK,
    Step,
    repeats,
)

_ROLE_INDEX = {role: index for index, role in enumerate(Role, start=1)}
_DRUM_PROGRAM = 129
MAX_BARS_LEFT = 32
BAR_CYCLE = 16

# Sizes of the integers `context` and `echo` give. From STROKES on, a context holds positions plus one.
CONTEXT_SIZES = (1 + len(Role), 130, 1 + BAR_CYCLE, 2 + MAX_BARS_LEFT, 3, *(1 + POSITIONS,) * 5)
STROKES = 5
PLAYER_COLUMNS = (0, 1)  # of a context: role, program
ECHO_SIZES = (*HEARD_SIZES, 1 + len(Role), 130)
_NO_STROKES = (0,) * 5
_NO_PLACE = (0, 0, 0, *_NO_STROKES)
_NO_ECHO = (0,) * len(ECHO_SIZES)

Context = tuple[int, ...]


def player_numbers(player: Player) -> tuple[int, int]:
    """The role and program indices of a player in a context."""
    return _ROLE_INDEX[player.role], _DRUM_PROGRAM if player.is_drum else 1 + player.program


class BandState:
    """What has been written so far. `push` takes the steps in order; all else asks about the next step."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.rows: list[Row] = []
        self.row: list[Block | None] = []
        self.slot: int | None = None
        self.position = -1
        self.last = Step(0)
        self._hits: list[Step] = []
        self._content: tuple[float, ...] = NO_CONTENT
        self._riffs: list[Recency[Block]] = [Recency() for _ in header.players]
        self._bars: Recency[Row] = Recency()
        self._in_bar = False
        self._gap = 0
        self.placed: set[int] = set()
        self.bar_value_now = 0

    # -- writing

    def push(self, step: Step) -> None:
        """Takes the next step, which must be one the grammar allows."""
        self._content = NO_CONTENT
        if step.is_hit:
            if self._hits and step.position > self.position:
                self._gap = step.position - self.position
            self._hits.append(step)
            self.position = step.position
        elif step.is_track:
            self.finish_block()
            self._open_block(step)
        else:
            self.finish_bar()
            if step.head == BAR:
                self._open_bar(step)
        self.last = step

    def finish_bar(self) -> None:
        """Closes the bar being written, so that the next one can be compared with it; nothing between bars."""
        self.finish_block()
        self._close_bar()

    def _open_bar(self, step: Step) -> None:
        self._in_bar = True
        self.slot, self.placed, self.bar_value_now = None, set(), step.value
        self.row = [None] * len(self.header.players)
        if repeats(step.value):
            self.row = list(self.row_source(step.value))
            sounding = [block.content for block in self.row if block]
            if sounding:
                self._content = tuple(sum(column) / len(sounding) for column in zip(*sounding, strict=True))

    def _open_block(self, step: Step) -> None:
        self.slot, self.position, self._gap = step.slot, -1, 0
        if not self._in_bar:
            return
        self.placed.add(step.slot)
        if repeats(step.value):
            block = self.block_source(step.slot, step.value)
            self.row[step.slot] = block
            self._content = block.content

    def finish_block(self) -> None:
        """Puts what the current player wrote into the row; nothing when that is done."""
        if self._hits and self.slot is not None:
            self.row[self.slot] = Block(tuple(self._hits))
            self._hits = []

    def _close_bar(self) -> None:
        if not self._in_bar:
            return
        row = tuple(self.row)
        self.rows.append(row)
        self._bars.use(row)
        for riffs, block in zip(self._riffs, row, strict=True):
            if block is not None:
                riffs.use(block)
        self._in_bar = False
        self.slot = None

    # -- repeats

    @property
    def reach(self) -> int:
        """How many bars back a COPY may reach: not across from the other bars into those written ahead."""
        written = len(self.rows)
        return written if written < self.header.ahead else written - self.header.ahead

    def row_source(self, value: int) -> Row:
        """The row a repeating BAR value brings back."""
        return self._bars[value - RIFF] if value >= RIFF else self.rows[-COPY_DISTANCES[value - COPY]]

    def block_source(self, slot: int, value: int) -> Block:
        """The block a repeating TRACK value brings back. Raises LookupError if the player rested there."""
        if value >= RIFF:
            return self._riffs[slot][value - RIFF]
        block = self.rows[-COPY_DISTANCES[value - COPY]][slot]
        if block is None:
            raise LookupError(f"player {slot} rested {COPY_DISTANCES[value - COPY]} bars ago")
        return block

    def row_repeats(self) -> list[int]:
        """BAR values that can repeat here."""
        copies = [COPY + index for index, distance in enumerate(COPY_DISTANCES) if distance <= self.reach]
        return copies + [RIFF + rank for rank in range(len(self._bars))]

    def block_repeats(self, slot: int) -> list[int]:
        """TRACK values that can repeat here."""
        reach = self.reach
        copies = [
            COPY + index
            for index, distance in enumerate(COPY_DISTANCES)
            if distance <= reach and self.rows[-distance][slot] is not None
        ]
        return copies + [RIFF + rank for rank in range(len(self._riffs[slot]))]

    def bar_value(self, row: Row) -> int:
        """The canonical BAR value of a row: nearest copy, else riff, else MIXED or NEW. Asked between bars."""
        for index, distance in enumerate(COPY_DISTANCES):
            if distance <= self.reach and self.rows[-distance] == row:
                return COPY + index
        rank = self._bars.rank(row)
        if rank is not None:
            return RIFF + rank
        values = [self.track_value(slot, block) for slot, block in enumerate(row) if block is not None]
        return MIXED if any(repeats(value) for value in values) else NEW

    def track_value(self, slot: int, block: Block) -> int:
        """The canonical TRACK value of a block in the bar after the last closed one."""
        for index, distance in enumerate(COPY_DISTANCES):
            if distance <= self.reach and self.rows[-distance][slot] == block:
                return COPY + index
        rank = self._riffs[slot].rank(block)
        return NEW if rank is None else RIFF + rank

    def sources(self, slot: int) -> frozenset[int]:
        """The places in COPY_DISTANCES where a player played what it plays in the bar being written."""
        block = self.row[slot]
        if block is None:
            return frozenset()
        reach = self.reach
        return frozenset(
            place
            for place, distance in enumerate(COPY_DISTANCES)
            if distance <= reach and self.rows[-distance][slot] == block
        )

    def coming(self, distance: int) -> Row | None:
        """The row so many bars after the one being written (between bars: after the next) where it is known."""
        place = len(self.rows) + distance - self.header.bars
        return self.rows[place] if 0 <= place < self.header.ahead <= len(self.rows) else None

    # -- what the model is shown

    @property
    def content(self) -> tuple[float, ...]:
        """Float [CONTENT_SIZE]: features of what the last step repeated; zeros otherwise."""
        return self._content

    def context(self) -> Context:
        """Integers below CONTEXT_SIZES about the place of the next step: player, bar, next strokes of the others."""
        role, program = self._player(self.slot)
        if not self._in_bar:
            return (role, program, *_NO_PLACE)
        written = len(self.rows)
        coming = written < self.header.ahead
        bar = written - self.header.ahead + (self.header.bars if coming else 0)
        last = self.header.bars - (0 if coming else self.header.ahead)
        left = max(0, min(MAX_BARS_LEFT, last - bar))
        return (role, program, 1 + bar % BAR_CYCLE, 1 + left, 1 + coming, *self._next_strokes())

    def _next_strokes(self) -> Context:
        """Where the others, this player's last block and its own rhythm strike next; zeros unless inside a block."""
        writing = self.last.is_hit or (self.last.is_track and not repeats(self.last.value))
        if not writing or self.slot is None:
            return _NO_STROKES
        again = self.position + self._gap
        return (*self.heard().next_strokes(self.position), again + 1 if self._gap and again < POSITIONS else 0)

    def echo(self, head: int) -> Context:
        """Integers below ECHO_SIZES about what the band plays at the position that `head` gives the next step."""
        if TRACK <= head < POSITION:
            return (0, 0, 0, 0, *self._player(head - TRACK))
        if head < POSITION or self.slot is None:
            return _NO_ECHO
        return (*self.heard().at(head - POSITION), 0, 0)

    def heard(self) -> Heard:
        """What the current player hears: the complete blocks of the bar, and its own of an earlier bar."""
        drums = first = last = None
        for slot, block in enumerate(self.row):
            if block is None or slot == self.slot:
                continue
            if block.is_drum:
                drums = block
            elif first is None:
                first = block
            else:
                last = block
        riffs = self._riffs[self.slot or 0]
        return Heard(drums, first, last, riffs[0] if len(riffs) else None)

    def _player(self, slot: int | None) -> tuple[int, int]:
        if slot is None:
            return 0, 0
        return player_numbers(self.header.players[slot])

    @property
    def in_bar(self) -> bool:
        return self._in_bar

    @property
    def open_block(self) -> Block | None:
        """What the current player has written of its block so far."""
        return Block(tuple(self._hits)) if self._hits else None

    @property
    def hits_at_position(self) -> int:
        """How many hits the current player has at the position of the last one."""
        return sum(hit.head == self.last.head for hit in self._hits)
