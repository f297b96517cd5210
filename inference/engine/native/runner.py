"""Runs the model for a batch of sequences with the native step. No torch here."""

from pathlib import Path

from inference.engine.board import Board
from inference.engine.native.abi import NativeStep, Weights
from inference.engine.rules.song import joining
from inference.engine.sequence import Sequence
from inference.model.config import ModelConfig


class NativeRunner:
    """Owns the weights, and of `slots` songs the cache, the state and the grammar.

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
        self.native.begin(sequence.slot, joining(sequence))

    def step(self, sequences: list[Sequence]) -> None:
        """Feeds each sequence's last step, draws its next and advances it."""
        if turned := self.board.steer_on(sequences):
            self.native.join(turned)
        self.native.write([sequence.slot for sequence in sequences])
        chosen, bars = self.board.chosen.tolist(), self.board.bars.tolist()
        for sequence in sequences:
            sequence.take(chosen[sequence.slot], *bars[sequence.slot])
