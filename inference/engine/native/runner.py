"""Runs the model for a batch of sequences with the native step. No torch here."""

from pathlib import Path

from inference.engine.board import Board
from inference.engine.native.abi import NativeStep, Weights
from inference.engine.native.band import song_facts
from inference.engine.sequence import Sequence
from inference.model.config import ModelConfig
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


class NativeRunner:
    """Owns the weights and a cache of `slots` songs.

    Only songs that are being written are computed, each for itself: no number of a song depends on its company, on its
    slot or on the number of threads.

    Raises:
        NativeUnavailable: this model or this machine cannot have it.
        CheckpointError: the weights are not those of `config`.
    """

    def __init__(self, library: Path, config: ModelConfig, weights: Weights, slots: int, threads: int = 1) -> None:
        self.slots = slots
        self.board = Board(slots, config.genres, config.width)
        self.native = NativeStep(library, config, weights, self.board, threads)

    def join(self, sequence: Sequence) -> None:
        """Takes in a sequence whose `slot` is set."""
        self.board.join(sequence)
        self.native.join([sequence.slot])
        if not sequence.is_led:
            forced = [sequence.step, *sequence.forced]
            self.native.begin(sequence.slot, song_facts(sequence.header, sequence.rules, sequence.plan, forced))

    def step(self, sequences: list[Sequence]) -> None:
        """Feeds each sequence's last step, draws its next and advances it."""
        if turned := self.board.steer_on(sequences):
            self.native.join(turned)
        led = [sequence for sequence in sequences if sequence.is_led]
        alone = [sequence for sequence in sequences if not sequence.is_led] if led else sequences
        if alone:
            self._write(alone)
        if led:
            self._lead(led)

    def _write(self, sequences: list[Sequence]) -> None:
        """Songs whose state and grammar the native step keeps."""
        self.native.write(_slots(sequences))
        chosen, bars = self.board.chosen.tolist(), self.board.bars.tolist()
        for sequence in sequences:
            sequence.take(Step(*chosen[sequence.slot]), *bars[sequence.slot])

    def _lead(self, sequences: list[Sequence]) -> None:
        """Songs of which Python keeps them, because they are led as only it knows."""
        self.board.show(sequences)
        self.native.step(_slots(sequences))
        drawing = [sequence for sequence in sequences if sequence.draws]
        if drawing:
            self._draw(drawing)
        chosen = self.board.chosen.tolist()
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
            # What these may be follows from the value alone.
            board.allow(hits, (SHAPE_FIELD, DURATION_FIELD, VELOCITY_FIELD))
            native.draw(_slots(hits), SHAPE_FIELD, VELOCITY_FIELD)


def _slots(sequences: list[Sequence]) -> list[int]:
    return [sequence.slot for sequence in sequences]
