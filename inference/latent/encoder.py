"""From what a player plays in a bar to a point: the encoding half of the auto-encoder."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.latent.config import LatentConfig
from inference.latent.features import FieldTable
from inference.latent.hits import Hits
from inference.latent.layers import Residual
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, POSITION

_SHARP = -4.0


class BlockEncoder(nn.Module):
    """A block is a set of hits (deep sets; Zaheer et al., 2017), each of which is what is struck, times where.

    The product makes room for many hits in one sum: what was struck where can be told apart again.
    """

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        width, block = config.hidden, config.block
        self.struck = nn.ModuleList(FieldTable(field, width) for field in range(1, len(FIELD_SIZES)))
        self.turned, self.placed = FieldTable(HEAD_FIELD, width), FieldTable(HEAD_FIELD, width)
        self.hit = Residual(width, width)
        self.wide = nn.Linear(width, block)
        self.norm = nn.RMSNorm(block)
        self.layers = nn.Sequential(Residual(block, block), Residual(block, block), nn.RMSNorm(block))
        self.out = nn.Linear(block, 2 * config.size)
        # Sharp at first: the sketch learns sooner from points that mean something.
        nn.init.constant_(self.out.bias[config.size :], _SHARP)

    def forward(self, hits: Hits) -> tuple[Tensor, Tensor]:
        """Mean and log variance of each block's point: float32 [K, Z] each."""
        head, *others = hits.fields.unbind(dim=1)
        place = head - (POSITION - 1)
        struck = sum((table(field) for table, field in zip(self.struck, others, strict=True)), torch.zeros(()))
        heard = functional.gelu(self.wide(self.hit(struck * (1 + self.turned(place)) + self.placed(place)))).float()
        sums = heard.new_zeros(hits.blocks, heard.shape[-1]).index_add(0, hits.owner, heard)
        mean, log_variance = self.out(self.layers(self.norm(sums))).float().chunk(2, dim=-1)
        return mean, log_variance.clamp(-8.0, 2.0)
