"""Runs the model for a batch of sequences, one step each."""

import numpy as np
import torch
from torch import Tensor

from inference.engine.noise import uniform
from inference.engine.sampler import draw
from inference.engine.sequence import Sequence
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import SONG_SIZES, song_numbers
from inference.model.transformer import Composer
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, NONE, POSITION, SHAPE_FIELD, VALUE_FIELD, Step

_COLUMN_BLOCK = 64


class Runner:
    """Owns the model and a cache of `slots` rows.

    Every step runs at the full shape, idle rows included, so that a song's numbers do not depend on its company.
    """

    def __init__(self, model: Composer, slots: int, device: torch.device | None = None) -> None:
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = _laid_out(model.to(self.device).eval())
        self.slots = slots
        config = model.config
        shape = (config.layers, 2, slots, config.kv_heads, config.window, config.head_size)
        self._cache = torch.zeros(shape, device=self.device)
        self._song = torch.zeros((slots, len(SONG_SIZES)), dtype=torch.int64, device=self.device)
        self._genres = torch.zeros((slots, len(config.genres) + 1), device=self.device)
        self._temperature = torch.ones((slots, 1), device=self.device)
        self._top_p = torch.ones((slots, 1), device=self.device)

    def join(self, sequence: Sequence) -> None:
        """Gives a sequence its row; `sequence.slot` is set."""
        slot, sampling = sequence.slot, sequence.job.sampling
        self._song[slot] = torch.tensor(song_numbers(sequence.header))
        self._genres[slot] = genre_weights(sequence.header, self.model.config.genres)
        self._temperature[slot] = sampling.temperature
        self._top_p[slot] = sampling.top_p

    @torch.inference_mode()
    def step(self, sequences: list[Sequence]) -> None:
        """Feeds each sequence's last step, draws its next and advances it."""
        columns = self._columns(sequences)
        inputs = self._inputs(sequences)
        hidden = self.model.step(inputs, self._cache, self._positions(sequences), columns)
        drawing = [sequence for sequence in sequences if sequence.draws]
        chosen = self._draw(hidden, inputs.context[:, 0], drawing) if drawing else {}
        for sequence in sequences:
            sequence.advance(chosen.get(sequence.slot, Step(NONE)))

    def _inputs(self, sequences: list[Sequence]) -> StepInputs:
        fields = np.zeros((self.slots, 1, len(FIELD_SIZES)), np.int64)
        context = np.zeros((self.slots, 1, len(CONTEXT_SIZES)), np.int64)
        content = np.zeros((self.slots, 1, CONTENT_SIZE), np.float32)
        for sequence in sequences:
            fields[sequence.slot, 0] = sequence.step
            context[sequence.slot, 0] = sequence.state.context()
            content[sequence.slot, 0] = sequence.state.content
        return StepInputs(self._tensor(fields), self._tensor(context), self._tensor(content), self._song, self._genres)

    def _columns(self, sequences: list[Sequence]) -> int:
        """Columns of the cache in use, in whole blocks; masked columns add exact zeros, so a song cannot tell."""
        used = 1 + max(sequence.fed for sequence in sequences)
        return min(self.model.config.window, -(-used // _COLUMN_BLOCK) * _COLUMN_BLOCK)

    def _positions(self, sequences: list[Sequence]) -> Tensor:
        positions = np.zeros(self.slots, np.int64)
        for sequence in sequences:
            positions[sequence.slot] = sequence.fed
        return self._tensor(positions)

    def _draw(self, hidden: Tensor, context: Tensor, sequences: list[Sequence]) -> dict[int, Step]:
        cascade = self.model.cascade
        chosen = np.zeros((self.slots, len(FIELD_SIZES)), np.int64)
        echo = np.zeros((self.slots, len(ECHO_SIZES)), np.int64)
        state = cascade.begin(hidden)
        for field in range(len(FIELD_SIZES)):
            if field > HEAD_FIELD:
                if field == VALUE_FIELD:
                    for sequence in sequences:
                        echo[sequence.slot] = sequence.state.echo(int(chosen[sequence.slot, HEAD_FIELD]))
                state = cascade.advance(state, field, self._tensor(chosen[:, field - 1]), self._tensor(echo))
            if field == SHAPE_FIELD and all(chosen[sequence.slot, HEAD_FIELD] < POSITION for sequence in sequences):
                break
            logits = cascade.logits_of(field, state, context, self._tensor(echo))
            chosen[:, field] = self._draw_field(logits, field, sequences, chosen)
        return {sequence.slot: Step(*chosen[sequence.slot].tolist()) for sequence in sequences}

    def _draw_field(
        self,
        logits: Tensor,
        field: int,
        sequences: list[Sequence],
        chosen: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        size = FIELD_SIZES[field]
        mask, leaning = np.zeros((self.slots, size), np.bool_), np.zeros((self.slots, size), np.float32)
        mask[:, NONE] = True
        noise = np.zeros((self.slots, 1), np.float32)
        for sequence in sequences:
            slot, before = sequence.slot, chosen[sequence.slot].tolist()
            mask[slot] = sequence.grammar.mask(field, before)
            lean = sequence.grammar.leaning(field, before)
            if lean is not None:
                leaning[slot] = lean
            noise[slot] = uniform(sequence.job.sampling.seed, sequence.fed, field)
        leaned = logits.float() + self._tensor(leaning)
        return draw(leaned, self._tensor(mask), self._temperature, self._top_p, self._tensor(noise)).cpu().numpy()

    def _tensor(self, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _laid_out(model: Composer) -> Composer:
    """Stores matrices column by column, which CPUs multiply a third faster by a handful of rows; same values."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.data = module.weight.data.t().contiguous().t()
    return model
