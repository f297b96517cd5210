"""The whole network."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from inference.model.cascade import CascadeHead
from inference.model.config import ModelConfig
from inference.model.inputs import StepInputs
from inference.model.layers import TransformerBlock, turns
from inference.model.song import SONG_SIZES
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES, PLAYER_COLUMNS
from inference.tokens.vocabulary import FIELD_SIZES


class Composer(nn.Module):
    """p(next step | song, steps so far). Input is a sum of embeddings, output a cascade over five fields."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.fields = nn.ModuleList(nn.Embedding(size, config.width) for size in FIELD_SIZES)
        self.context = nn.ModuleList(nn.Embedding(size, config.width) for size in CONTEXT_SIZES)
        self.content = nn.Linear(CONTENT_SIZE, config.width, bias=False)
        self.song = nn.ModuleList(nn.Embedding(size, config.width) for size in SONG_SIZES)
        self.genres = nn.Linear(len(config.genres) + 1, config.width, bias=False)
        blocks = [TransformerBlock(config) for _ in range(config.layers)]
        self.blocks: Iterable[TransformerBlock] = nn.ModuleList(blocks)  # type: ignore[assignment]  # so that `step` is known
        self.norm = nn.RMSNorm(config.width)
        self.cascade = CascadeHead(config)
        self._initialise()

    def forward(self, inputs: StepInputs, steer: Tensor | None = None) -> Tensor:
        """Summaries [B, T, 2C] of T steps, from which the cascade draws; number t predicts step t + 1.

        A summary is a hidden state and, beside it, song and player as they were before the trunk: what was asked for
        is worth little to most steps, and would else be drowned by what the steps before say.

        Args:
            inputs: of T steps.
            steer: [B, T, C], added to the song where a point of the embedding space is to be played.
        """
        song = self.embed_song(inputs)
        song = song if steer is None else song + steer
        x = self.embed(inputs, song)
        turn = turns(torch.arange(x.shape[1], device=x.device), self.config.head_size)
        for block in self.blocks:
            x = block(x, turn)
        return torch.cat((self.norm(x), self._asked(inputs, song)), dim=-1)

    def step(
        self, inputs: StepInputs, cache: Tensor, positions: Tensor, columns: int, steer: Tensor | None = None
    ) -> Tensor:
        """Summaries [B, 2C] of one more step a row.

        Args:
            inputs: T = 1.
            cache: [L, 2, B, KV, T, D], written at `positions` modulo T, which is the attention window.
            positions: int64 [B], steps each row has taken so far.
            columns: how many columns of the cache hold anything; the rest is not read.
            steer: as in `forward`.
        """
        song = self.embed_song(inputs)
        song = song if steer is None else song + steer
        x = self.embed(inputs, song)
        turn = turns(positions.unsqueeze(1), self.config.head_size)
        visible = (torch.arange(columns, device=x.device) <= positions.unsqueeze(1))[:, None, None]
        at = positions % cache.shape[4]
        for layer, block in enumerate(self.blocks):
            x = block.step(x, turn, cache[layer, ..., :columns, :], at, visible)
        return torch.cat((self.norm(x), self._asked(inputs, song)), dim=-1)[:, 0]

    def embed(self, inputs: StepInputs, song: Tensor) -> Tensor:
        """[B, T, C]."""
        x = self.content(inputs.content)
        for column, table in enumerate(self.fields):
            x = x + table(inputs.fields[..., column])
        for column, table in enumerate(self.context):
            x = x + table(inputs.context[..., column])
        out: Tensor = x + song
        return out

    def embed_song(self, inputs: StepInputs) -> Tensor:
        """[B, 1, C]."""
        song: Tensor = self.genres(inputs.genres)
        for column, table in enumerate(self.song):
            song = song + table(inputs.song[..., column])
        return song.unsqueeze(1)

    def _asked(self, inputs: StepInputs, song: Tensor) -> Tensor:
        """The song and the current player's role and program: [B, T, C]."""
        asked = song
        for column in PLAYER_COLUMNS:
            asked = asked + self.context[column](inputs.context[..., column])
        return asked

    def _initialise(self) -> None:
        for name, weight in self.named_parameters():
            if weight.dim() < 2:
                continue
            deep = name.endswith(("out.weight", "down.weight"))
            std = 0.02 / (2 * self.config.layers) ** 0.5 if deep else 0.02
            nn.init.normal_(weight, std=std)
