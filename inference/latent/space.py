"""The auto-encoder around the composer: bars to points, and points to what is added to the song's embedding."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.latent.config import LatentConfig
from inference.latent.encoder import BarEncoder, BarGrid
from inference.model.inputs import StepInputs
from inference.tokens.state import CONTEXT_SIZES, ROLE_COLUMN

ROLES = CONTEXT_SIZES[ROLE_COLUMN]
_SMALL = 0.02


class LatentSpace(nn.Module):
    """Encoder and steering.

    The decoder is the composer itself: each of its steps gets, with the song's embedding, the points of the bar that
    is being written and of the next one, so that it knows where the bar line leads, and what of the point is the
    current player's.
    """

    def __init__(self, config: LatentConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = BarEncoder(config)
        self.now = nn.Linear(config.size, width)
        self.next = nn.Linear(config.size, width)
        self.parts = nn.Linear(config.size, ROLES * width, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=_SMALL if name.startswith(("now", "next", "parts")) else 0.04)

    def forward(self, inputs: StepInputs, grid: BarGrid, noise: Tensor) -> tuple[Tensor, Tensor]:
        """What to add at each step, [B, T, C], and the divergence from N(0, 1) of each bar's numbers, [B, bars, Z].

        Args:
            inputs: of T steps.
            grid: which of them make which bar.
            noise: standard normal [B, bars, Z]; zeros take the mean.
        """
        mean, log_variance = self.encoder(inputs, grid)
        points = mean + noise * (0.5 * log_variance).exp()
        rows = self.steer(points)
        at = grid.place * ROLES + inputs.context[..., ROLE_COLUMN]
        steer = rows.flatten(1, 2).gather(1, at.unsqueeze(-1).expand(-1, -1, rows.shape[-1]))
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        return steer, divergence

    def steer(self, points: Tensor) -> Tensor:
        """Points [B, bars, Z] -> rows [B, 1 + bars, ROLES, C]: for steps before which so many bars have begun, while a
        player of that role has the word (0: nobody).
        """
        now, following = self.now(points), self.next(points)
        band = torch.cat((following[:, :1], now[:, :-1] + following[:, 1:], now[:, -1:]), dim=1)
        parts = self.parts(points).view(*points.shape[:2], ROLES, -1)
        return band.unsqueeze(2) + functional.pad(parts, (0, 0, 0, 0, 1, 0))
