"""Runs the model for a batch of sequences with the native step. No torch here."""

from pathlib import Path

import numpy as np

from inference.engine.native.abi import NativeStep, Weights
from inference.engine.native.board import Board
from inference.engine.sequence import Sequence
from inference.model.config import ModelConfig
from inference.model.song import SONG_SIZES, genre_shares, song_numbers
from inference.tokens.block import NO_CONTENT
from inference.tokens.vocabulary import (
    DURATION_FIELD,
    HEAD_FIELD,
    NONE,
    POSITION,
    SHAPE_FIELD,
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
    """

    def __init__(self, library: Path, config: ModelConfig, weights: Weights, slots: int, threads: int = 1) -> None:
        self.slots = slots
        self._genres = config.genres
        self.board = Board(slots, SONG_SIZES, len(config.genres) + 1)
        self.native = NativeStep(library, config, weights, self.board, threads)

    def join(self, sequence: Sequence) -> None:
        """Gives a sequence its row; `sequence.slot` is set."""
        board, slot, sampling = self.board, sequence.slot, sequence.job.sampling
        board.song[slot] = song_numbers(sequence.header)
        board.genres[slot] = genre_shares(sequence.header, self._genres)
        board.seed[slot] = sampling.seed
        board.temperature[slot] = sampling.temperature
        board.top_p[slot] = sampling.top_p
        self.native.join(np.array([slot], np.int32))

    def step(self, sequences: list[Sequence]) -> None:
        """Feeds each sequence's last step, draws its next and advances it."""
        for sequence in sequences:
            self._show(sequence)
        self.native.step(_slots(sequences))
        drawing = [sequence for sequence in sequences if sequence.draws]
        if drawing:
            self._draw(drawing)
        chosen = self.board.chosen.tolist()
        for sequence in sequences:
            sequence.advance(Step(*chosen[sequence.slot]) if sequence.draws else Step(NONE))

    def _show(self, sequence: Sequence) -> None:
        board, slot, state = self.board, sequence.slot, sequence.state
        board.fields[slot] = sequence.step
        board.context[slot] = state.context()
        board.fed[slot] = sequence.fed
        content = state.content
        board.has_content[slot] = content is not NO_CONTENT
        if content is not NO_CONTENT:
            board.content[slot] = content

    def _draw(self, sequences: list[Sequence]) -> None:
        board, slots = self.board, _slots(sequences)
        board.chosen[slots] = NONE
        self._allow(sequences, HEAD_FIELD)
        self.native.draw(slots, HEAD_FIELD, HEAD_FIELD)
        heads = board.chosen[:, HEAD_FIELD].tolist()
        for sequence in sequences:
            board.echo[sequence.slot] = sequence.state.echo(heads[sequence.slot])
        self._allow(sequences, VALUE_FIELD)
        self.native.draw(slots, VALUE_FIELD, VALUE_FIELD)
        hits = [sequence for sequence in sequences if heads[sequence.slot] >= POSITION]
        if hits:
            # What these may be follows from the value alone.
            for field in (SHAPE_FIELD, DURATION_FIELD, VELOCITY_FIELD):
                self._allow(hits, field)
            self.native.draw(_slots(hits), SHAPE_FIELD, VELOCITY_FIELD)

    def _allow(self, sequences: list[Sequence], field: int) -> None:
        board, chosen = self.board, self.board.chosen.tolist()
        for sequence in sequences:
            slot = sequence.slot
            mask = sequence.grammar.mask(field, chosen[slot])
            board.mask[slot, field, : len(mask)] = mask
            leaning = sequence.grammar.leaning(field, chosen[slot])
            board.leans[slot, field] = leaning is not None
            if leaning is not None:
                board.leaning[slot, field, : len(leaning)] = leaning


def _slots(sequences: list[Sequence]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array([sequence.slot for sequence in sequences], np.int32)
