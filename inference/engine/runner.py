"""Runs the model for a batch of sequences with torch: the reference, and the way where no compiler is."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.engine.board import Board
from inference.engine.noise import uniform
from inference.engine.sampler import draw
from inference.engine.sequence import Sequence
from inference.model.inputs import StepInputs
from inference.model.transformer import Composer
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, NONE, POSITION, SHAPE_FIELD, START, VALUE_FIELD, Step

_COLUMN_BLOCK = 64


class Runner:
    """Owns the model and a cache of `slots` rows.

    Every step runs at the full shape, idle rows included, so that a song's numbers do not depend on its company. Songs
    that are guided have a second row in a second cache, which does not know the genre.
    """

    def __init__(self, model: Composer, slots: int, device: torch.device | None = None) -> None:
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = _laid_out(model.to(self.device).eval())
        self.slots = slots
        self.board = Board(slots, model.config.genres, model.config.width)
        self._cache = self._new_cache()
        self._blind_cache: Tensor | None = None

    def join(self, sequence: Sequence) -> None:
        """Takes in a sequence whose `slot` is set."""
        self.board.join(sequence)

    @torch.inference_mode()
    def step(self, sequences: list[Sequence]) -> None:
        """Feeds each sequence's last step, draws its next and advances it."""
        self.board.show(sequences)
        self.board.steer_on(sequences)
        slots = [sequence.slot for sequence in sequences]
        summaries = [self._fed(slots, self._cache, self.board.genres)]
        if self.board.guided[slots].any():
            summaries.append(self._fed(slots, self._blind(), _no_genre(self.board.genres)))
        drawing = [sequence for sequence in sequences if sequence.draws]
        if drawing:
            self._draw(summaries, drawing)
        chosen = self.board.chosen.tolist()
        for sequence in sequences:
            sequence.advance(Step(*chosen[sequence.slot]) if sequence.draws else START)

    def _fed(self, slots: list[int], cache: Tensor, genres: NDArray[np.float32]) -> Tensor:
        """Summaries [slots, 2C] after the steps on the board; idle rows take a step that nobody sees."""
        board = self.board
        positions = np.zeros_like(board.fed)
        positions[slots] = board.fed[slots]
        fields, context, content = (
            self._tensor(part)[:, None] for part in (board.fields, board.context, board.content)
        )
        inputs = StepInputs(fields, context, content, self._tensor(board.song), self._tensor(genres))
        steer = self._tensor(board.steer)[:, None]
        return self.model.step(inputs, cache, self._tensor(positions), self._columns(positions), steer)

    def _columns(self, positions: NDArray[np.int64]) -> int:
        """Columns of the cache in use, in whole blocks; masked columns add exact zeros, so a song cannot tell."""
        blocks = -(-(1 + int(positions.max())) // _COLUMN_BLOCK)
        return min(self.model.config.window, blocks * _COLUMN_BLOCK)

    def _draw(self, summaries: list[Tensor], sequences: list[Sequence]) -> None:
        """Field by field; with two summaries a row, their logits become one."""
        cascade, board = self.model.cascade, self.board
        slots = [sequence.slot for sequence in sequences]
        board.chosen[:] = NONE
        states = [cascade.begin(one) for one in summaries]
        for field in range(len(FIELD_SIZES)):
            if field == VALUE_FIELD:
                board.show_echo(sequences, board.chosen[:, HEAD_FIELD].tolist())
            if field == SHAPE_FIELD and all(board.chosen[slot, HEAD_FIELD] < POSITION for slot in slots):
                break
            context, echo = self._tensor(board.context), self._tensor(board.echo)
            if field > HEAD_FIELD:
                before = self._tensor(board.chosen[:, field - 1])
                states = [cascade.advance(state, field, before, echo) for state in states]
            logits = [cascade.logits_of(field, state, context, echo).float() for state in states]
            board.allow(sequences, (field,))
            drawn = self._drawn(self._guided(logits), field)
            board.chosen[slots, field] = drawn[slots]

    def _guided(self, logits: list[Tensor]) -> Tensor:
        """Moves guided rows away from what would be without the genre (Ho and Salimans, 2022)."""
        if len(logits) == 1:
            return logits[0]
        knowing, blind = logits
        guidance = self._tensor(self.board.guidance)[:, None]
        return torch.where(guidance == 1, knowing, blind + guidance * (knowing - blind))

    def _drawn(self, logits: Tensor, field: int) -> NDArray[np.int64]:
        board, size = self.board, FIELD_SIZES[field]
        mask, leaning = self._tensor(board.mask[:, field, :size]), self._tensor(board.leaning[:, field, :size])
        addresses = zip(board.seed.tolist(), board.fed.tolist(), strict=True)
        noise = np.array([[uniform(seed, fed, field)] for seed, fed in addresses], np.float32)
        temperature, top_p = self._tensor(board.temperature)[:, None], self._tensor(board.top_p)[:, None]
        drawn: NDArray[np.int64] = draw(logits + leaning, mask, temperature, top_p, self._tensor(noise)).cpu().numpy()
        return drawn

    def _blind(self) -> Tensor:
        """The second cache, made when the first guided song comes."""
        if self._blind_cache is None:
            self._blind_cache = self._new_cache()
        return self._blind_cache

    def _new_cache(self) -> Tensor:
        config = self.model.config
        shape = (config.layers, 2, self.slots, config.kv_heads, config.window, config.head_size)
        return torch.zeros(shape, device=self.device)

    def _tensor(self, array: NDArray[np.generic]) -> Tensor:
        """Integers as torch takes them for indices."""
        tensor = torch.from_numpy(array)
        return tensor.to(self.device, torch.int64 if array.dtype == np.int32 else tensor.dtype)


def _no_genre(genres: NDArray[np.float32]) -> NDArray[np.float32]:
    nothing = np.zeros_like(genres)
    nothing[:, -1] = 1.0
    return nothing


def _laid_out(model: Composer) -> Composer:
    """Stores matrices column by column, which CPUs multiply a third faster by a handful of rows; same values."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.data = module.weight.data.t().contiguous().t()
    return model
