"""The auto-encoder beside the composer: blocks to points, and points to what is added to the song's embedding."""

import torch
from torch import Tensor, nn

from inference.latent.config import LatentConfig
from inference.latent.encoder import BlockEncoder
from inference.latent.features import NOWHERE, PLACES
from inference.latent.hits import Hits
from inference.latent.sketch import Sketch
from inference.tokens.vocabulary import HEAD_FIELD, NEW, POSITION, TRACK, VALUE_FIELD


class LatentSpace(nn.Module):
    """Encoder, sketch and steering.

    Encoder and sketch are taught together, before the composer knows of them, and stay as they are. The composer then
    learns to play from points: each step within a block gets, with the song's embedding, what the sketch says of the
    next hit.
    """

    def __init__(self, config: LatentConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = BlockEncoder(config)
        self.sketch = Sketch(config)
        # From nothing: a composer that does not know points yet is not disturbed by them.
        self.steering = nn.Linear(config.hidden, width)
        self.ending = nn.Parameter(torch.zeros(width))
        nn.init.zeros_(self.steering.weight)
        nn.init.zeros_(self.steering.bias)

    @property
    def told(self) -> list[nn.Parameter]:
        """What is learnt together with the composer."""
        return [*self.steering.parameters(), self.ending]

    def forward(self, fields: Tensor, noise: float = 0.0) -> tuple[Tensor, Tensor]:
        """What to add to the song at each step of some songs, were each block steered by its own point.

        Args:
            fields: int64 [B, T, 5], steps in order.
            noise: of the encoder's own; with 0 points are their means.

        Returns:
            float [B, T, C], and bool [B, T]: whether a step is within a block, so that it counts.
        """
        head, value = fields[..., HEAD_FIELD], fields[..., VALUE_FIELD]
        is_hit = head >= POSITION
        opens = (head >= TRACK) & ~is_hit & (value == NEW)
        inside = is_hit | opens
        # A block's hits follow the step that opens it at once.
        number = opens.flatten().cumsum(0).view_as(opens) - 1
        with torch.no_grad():
            mean, log_variance = self.encoder(Hits(fields[is_hit], number[is_hit], int(opens.sum())))
            points = mean + noise * torch.randn_like(mean) * (0.5 * log_variance).exp()
        place = torch.where(is_hit, head - (POSITION - 1), 0)
        rows = self._rows(points, number[inside], place[inside])
        steer = rows.new_zeros(*inside.shape, rows.shape[-1])
        steer[inside] = rows
        return steer, inside

    @torch.no_grad()
    def rows(self, points: Tensor) -> Tensor:
        """What to add to the song, once so much of a block is written: points [K, Z] -> [K, PLACES, C]."""
        count = len(points)
        owner = torch.arange(count).repeat_interleave(PLACES)
        return self._rows(points, owner, torch.arange(PLACES).repeat(count)).view(count, PLACES, -1)

    def _rows(self, points: Tensor, owner: Tensor, place: Tensor) -> Tensor:
        """At places [N] of the blocks `owner` [N] of points [K, Z]: what the sketch says of the next hit, [N, C]."""
        with torch.no_grad():
            known = self.sketch.known(points)
            following = self.sketch.following(known)[owner, place]
            said = self.sketch.struck(known, owner, following)
        ends = (following == NOWHERE).unsqueeze(-1)
        return torch.where(ends, self.ending, self.steering(said))


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """From N(0, 1), of each number: nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
