"""The native network with state and grammar in Python: the reference for songs that it writes all by itself."""

from inference.engine.native.runner import NativeRunner
from inference.engine.sequence import Sequence
from inference.tokens.vocabulary import (
    DURATION_FIELD,
    HEAD_FIELD,
    NONE,
    POSITION,
    SHAPE_FIELD,
    START,
    VALUE_FIELD,
    VELOCITY_FIELD,
    Step,
)


class KeptByPython(NativeRunner):
    """Asks `BandState` and `Grammar` before each draw."""

    def step(self, sequences: list[Sequence]) -> None:
        board = self.board
        board.show(sequences)
        if turned := board.steer_on(sequences):
            self.native.join(turned)
        self.native.step(_slots(sequences))
        drawing = [sequence for sequence in sequences if sequence.draws]
        if drawing:
            self._draw(drawing)
        chosen = board.chosen.tolist()
        for sequence in sequences:
            sequence.advance(Step(*chosen[sequence.slot]) if sequence.draws else START)

    def _draw(self, sequences: list[Sequence]) -> None:
        board, native, slots = self.board, self.native, _slots(sequences)
        board.chosen[slots] = NONE
        board.allow(sequences, (HEAD_FIELD,))
        native.draw(slots, HEAD_FIELD, HEAD_FIELD)
        heads = board.chosen[:, HEAD_FIELD].tolist()
        board.show_echo(sequences, heads)
        board.allow(sequences, (VALUE_FIELD,))
        native.draw(slots, VALUE_FIELD, VALUE_FIELD)
        hits = [sequence for sequence in sequences if heads[sequence.slot] >= POSITION]
        if hits:
            board.allow(hits, (SHAPE_FIELD, DURATION_FIELD, VELOCITY_FIELD))
            native.draw(_slots(hits), SHAPE_FIELD, VELOCITY_FIELD)


def _slots(sequences: list[Sequence]) -> list[int]:
    return [sequence.slot for sequence in sequences]
