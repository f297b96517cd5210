"""From the bars of a song to points: the encoding half of the auto-encoder."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.latent.config import LatentConfig
from inference.model.inputs import StepInputs
from inference.tokens.state import CONTEXT_SIZES, PLAYER_COLUMNS
from inference.tokens.vocabulary import FIELD_SIZES

_SHARP = -4.0


@dataclass(frozen=True)
class BarGrid:
    """Which steps make which bar; numbers are places in the T steps of a song, plus one, and 0 stands for nothing.

    block: int64 [B, T], for a hit the TRACK step that opened its block.
    cells: int64 [B, bars, players], the TRACK step that opened what each player plays in each bar, however often it is
    repeated.
    place: int64 [B, T], how many bars have begun.
    """

    block: Tensor
    cells: Tensor
    place: Tensor


class BarEncoder(nn.Module):
    """Hits are summed to blocks, blocks to bars (deep sets; Zaheer et al., 2017): what repeats is read once."""

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        width = config.hidden
        self.fields = nn.ModuleList(nn.Embedding(size, width) for size in FIELD_SIZES)
        self.players = nn.ModuleList(nn.Embedding(CONTEXT_SIZES[column], width) for column in PLAYER_COLUMNS)
        self.hit = nn.Linear(width, width)
        self.block = nn.Linear(width, width)
        self.bar = nn.Linear(width, width)
        self.out = nn.Linear(width, 2 * config.size)
        # Sharp at first: while points say little, noise would teach the composer not to listen.
        nn.init.constant_(self.out.bias[config.size :], _SHARP)
        self.block_norm = nn.RMSNorm(width)
        self.bar_norm = nn.RMSNorm(width)

    def forward(self, inputs: StepInputs, grid: BarGrid) -> tuple[Tensor, Tensor]:
        """Mean and log variance of each bar's point: [B, bars, Z] each."""
        blocks = self._blocks(inputs, grid.block)
        batch, bars, players = grid.cells.shape
        at = grid.cells.reshape(batch, bars * players, 1).expand(-1, -1, blocks.shape[-1])
        # In full precision, as the norms are: a bar is the sum of a hundred hits.
        band = blocks.gather(1, at).view(batch, bars, players, -1).sum(dim=2)
        mean, log_variance = self.out(functional.gelu(self.bar(self.bar_norm(band)))).chunk(2, dim=-1)
        return mean.float(), log_variance.float().clamp(-10.0, 4.0)

    def _blocks(self, inputs: StepInputs, block: Tensor) -> Tensor:
        """[B, 1 + T, H]: at the number of a TRACK step what was played after it; zeros where nothing was."""
        hits = sum((table(inputs.fields[..., column]) for column, table in enumerate(self.fields)), torch.zeros(()))
        heard = functional.gelu(self.hit(functional.gelu(hits))).float()
        batch, steps, width = heard.shape
        sums = heard.new_zeros(batch, 1 + steps, width)
        sums = sums.scatter_add(1, block.unsqueeze(-1).expand(-1, -1, width), heard)[:, 1:]
        player = sum(
            (table(inputs.context[..., column]) for table, column in zip(self.players, PLAYER_COLUMNS, strict=True)),
            torch.zeros(()),
        )
        blocks = functional.gelu(self.block(self.block_norm(sums) + player)).float()
        return functional.pad(blocks, (0, 0, 1, 0))
