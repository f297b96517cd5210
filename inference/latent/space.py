"""The auto-encoder around the composer: bars to points, and points to what is added to the song's embedding."""

import torch
from torch import Tensor, nn

from inference.latent.config import LatentConfig
from inference.latent.encoder import BarEncoder, BarGrid
from inference.model.inputs import StepInputs

_SMALL = 0.02


class LatentSpace(nn.Module):
    """Encoder and steering.

    The decoder is the composer itself: each of its steps gets, with the song's embedding, the points of the bar that
    is being written and of the next one, so that it knows where the bar line leads.
    """

    def __init__(self, config: LatentConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = BarEncoder(config)
        self.now = nn.Linear(config.size, width)
        self.next = nn.Linear(config.size, width)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=_SMALL if name.startswith(("now", "next")) else 0.04)

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
        at = grid.place.unsqueeze(-1).expand(-1, -1, rows.shape[-1])
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        return rows.gather(1, at), divergence

    def steer(self, points: Tensor) -> Tensor:
        """Points [B, bars, Z] -> rows [B, 1 + bars, C]: number n is for steps before which n bars have begun."""
        now, following = self.now(points), self.next(points)
        return torch.cat((following[:, :1], now[:, :-1] + following[:, 1:], now[:, -1:]), dim=1)
