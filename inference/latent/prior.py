"""What bars follow bars: a genre-conditional distribution over sequences of points, bar by bar.

Most bars of a song are bars that were there before. So each bar is either one of the earlier ones again, pointed at
(Vinyals et al., 2015), or a new point from a mixture of Gaussians.
"""

from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.model.song import SONG_SIZES
from inference.music.units import MAX_BARS
from inference.tokens.state import CONTEXT_SIZES, PLAYER_COLUMNS

_LOWEST_SPREAD = -4.0  # ln of a standard deviation
_NEVER = -1e9  # finite, so that what cannot be has a gradient of zero and not none


@dataclass(frozen=True)
class Conditions:
    """What songs are asked to be.

    song: int64 [B, 10]; genres: float [B, G + 1]; players: int64 [B, P, 2], role and program numbers, 0 for nobody.
    """

    song: Tensor
    genres: Tensor
    players: Tensor


class LatentPrior(nn.Module):
    """A recurrent network over bars; `genres` is how many a model knows, `size` numbers a point has."""

    def __init__(self, genres: int, size: int, width: int = 256, components: int = 4) -> None:
        super().__init__()
        self.size, self.width, self.components = size, width, components
        self.song = nn.ModuleList(nn.Embedding(numbers, width) for numbers in SONG_SIZES)
        self.genres = nn.Linear(genres + 1, width, bias=False)
        self.players = nn.ModuleList(
            nn.Embedding(CONTEXT_SIZES[column], width, padding_idx=0) for column in PLAYER_COLUMNS
        )
        self.left = nn.Embedding(1 + MAX_BARS, width)
        self.place = nn.Embedding(MAX_BARS, width)
        self.point = nn.Linear(size, width)
        self.cell = nn.GRU(width, width, num_layers=2, batch_first=True)
        self.wanted = nn.Linear(width, width)
        self.offered = nn.Linear(width + size, width)
        self.distance = nn.Embedding(MAX_BARS, 1)
        self.new = nn.Linear(width, 1)
        self.mixture = nn.Linear(width, components * (1 + 2 * size))
        # At first what is known of any new bar: that it is somewhere around the middle.
        nn.init.normal_(self.mixture.weight, std=0.01)
        nn.init.zeros_(self.mixture.bias)
        # Of all points of the songs it learnt from, so that every number counts alike.
        self.center = nn.Buffer(torch.zeros(size))
        self.spread = nn.Buffer(torch.ones(size))

    def normal(self, points: Tensor) -> Tensor:
        """Points with mean 0 and deviation 1 over all songs."""
        return (points - self.center) / self.spread

    def placed(self, normal: Tensor) -> Tensor:
        """The points that `normal` gives these for."""
        return normal * self.spread + self.center

    def forward(self, points: Tensor, same: Tensor, bars: Tensor, conditions: Conditions) -> Tensor:
        """-ln p of each bar given those before it: [B, T].

        Args:
            points: [B, T, Z], normal ones.
            same: bool [B, T, T], whether bar t plays what an earlier bar s played.
            bars: int64 [B], how many bars each song has; what is beyond them means nothing.
            conditions: of the songs.
        """
        states = self._states(points, bars, conditions)
        choices = self._choices(states, points)
        again = torch.where(same, choices[..., :-1], _NEVER)
        fresh = choices[..., -1] + self._density(states, points)
        # A bar that was there before is never counted as new: it would be infinitely likely.
        return -torch.where(same.any(dim=-1), again.logsumexp(dim=-1), fresh)

    @torch.no_grad()
    def sample(self, bars: int, conditions: Conditions, generator: torch.Generator, temperature: float = 1.0) -> Tensor:
        """Points [bars, Z] of one song; `temperature` scales the spread of new points."""
        points = torch.zeros(1, 0, self.size)
        for bar in range(bars):
            seen = functional.pad(points, (0, 0, 0, 1))
            states = self._states(seen, torch.tensor([bars]), conditions)
            choice = int(torch.multinomial(self._choices(states, seen)[0, -1].exp(), 1, generator=generator))
            # The choices end with "new"; those before it are bars, of which the one being chosen is none.
            following = points[:, choice] if choice < bar else self._draw(states[:, -1], generator, temperature)
            points = torch.cat((points, following.unsqueeze(1)), dim=1)
        return self.placed(points[0])

    def _states(self, points: Tensor, bars: Tensor, conditions: Conditions) -> Tensor:
        """[B, T, W]: what is known before each bar."""
        asked = self.genres(conditions.genres)
        for column, table in enumerate(self.song):
            asked = asked + table(conditions.song[:, column])
        for column, table in enumerate(self.players):
            asked = asked + table(conditions.players[..., column]).sum(dim=1)
        at = torch.arange(points.shape[1], device=points.device)
        left = (bars.unsqueeze(1) - at).clamp(min=0, max=MAX_BARS)
        before = functional.pad(self.point(points)[:, :-1], (0, 0, 1, 0))
        states: Tensor = self.cell(before + self.place(at) + self.left(left) + asked.unsqueeze(1))[0]
        return states

    def _choices(self, states: Tensor, points: Tensor) -> Tensor:
        """Ln p [B, T, T + 1]: each earlier bar again, or a new one (the last)."""
        count = points.shape[1]
        offered = self.offered(torch.cat((states, points), dim=-1))
        at = torch.arange(count, device=points.device)
        back = at.unsqueeze(1) - at
        scores = self.wanted(states) @ offered.transpose(1, 2) / self.width**0.5
        scores = scores + self.distance(back.clamp(min=0)).squeeze(-1)
        scores = scores.masked_fill(back <= 0, _NEVER)
        return torch.cat((scores, self.new(states)), dim=-1).log_softmax(dim=-1)

    def _density(self, states: Tensor, points: Tensor) -> Tensor:
        """Ln of the density of a new bar: [B, T]."""
        weights, means, spreads = self._mixture(states)
        gaps = (points.unsqueeze(2) - means) / spreads.exp()
        each = -0.5 * gaps.square() - spreads - 0.5 * log(2 * pi)
        return (weights.log_softmax(dim=-1) + each.sum(dim=-1)).logsumexp(dim=-1)

    def _mixture(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weights, rest = self.mixture(states).split((self.components, 2 * self.components * self.size), dim=-1)
        means, spreads = rest.unflatten(-1, (self.components, 2 * self.size)).chunk(2, dim=-1)
        return weights, means, spreads.clamp(min=_LOWEST_SPREAD)

    def _draw(self, state: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
        weights, means, spreads = self._mixture(state)
        kind = int(torch.multinomial(weights[0].softmax(dim=-1), 1, generator=generator))
        noise = torch.randn(self.size, generator=generator)
        return means[:, kind] + temperature * noise * spreads[:, kind].exp()
