"""What bars follow bars: a genre-conditional distribution over songs as points, player by player and bar by bar.

Most of what is played was played before. So each player in each bar rests, plays one of its earlier bars again,
pointed at (Vinyals et al., 2015), or something new: a point from one of many Gaussians, which are those of all songs;
what follows what only decides about their weights. Points of real blocks lie close together in some places, and what a
few free Gaussians leave between them is no music.
"""

from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.latent.course import REST
from inference.latent.points import Points
from inference.model.song import SONG_SIZES
from inference.music.units import MAX_BARS
from inference.tokens.state import CONTEXT_SIZES, PLAYER_COLUMNS

_NEVER = -1e9  # finite, so that what cannot be has a gradient of zero and not none
_REST, _NEW, _AGAIN = range(3)


@dataclass(frozen=True)
class Conditions:
    """What songs are asked to be.

    song: int64 [B, 10]; genres: float [B, G + 1]; players: int64 [B, P, 2], role and program numbers.
    """

    song: Tensor
    genres: Tensor
    players: Tensor


@dataclass(frozen=True)
class Songs:
    """Songs of equally many players, as points.

    values: float [B, T, P, Z], normal ones, zeros for a rest; plays: bool [B, T, P].
    same: bool [B, T, P, T], whether the player plays there what it played in an earlier bar.
    bars: int64 [B], how many bars each song has; what is beyond them means nothing.
    """

    values: Tensor
    plays: Tensor
    same: Tensor
    bars: Tensor
    conditions: Conditions

    @property
    def back(self) -> Tensor:
        """How many bars ago the player last played this, 0 for never: int64 [B, T, P]."""
        count = self.values.shape[1]
        at = torch.arange(count)
        ago = (at.unsqueeze(1) - at).unsqueeze(1)
        return torch.where(self.same, ago, count).amin(dim=-1) % count


class LatentPrior(nn.Module):
    """A recurrent network over bars and players; `genres` is how many a model knows, `size` numbers a point has."""

    def __init__(self, genres: int, size: int, kinds: int = 1024, width: int = 256) -> None:
        super().__init__()
        self.size, self.width = size, width
        self.song = nn.ModuleList(nn.Embedding(numbers, width) for numbers in SONG_SIZES)
        self.genres = nn.Linear(genres + 1, width, bias=False)
        self.players = nn.ModuleList(nn.Embedding(CONTEXT_SIZES[column], width) for column in PLAYER_COLUMNS)
        self.left = nn.Embedding(1 + MAX_BARS, width)
        self.place = nn.Embedding(MAX_BARS, width)
        self.kind = nn.Embedding(3, width)
        self.ago = nn.Embedding(MAX_BARS, width)
        self.last, self.own = nn.Linear(size, width), nn.Linear(size, width)
        self.cell = nn.GRU(width, width, num_layers=2, batch_first=True)
        self.wanted = nn.Linear(width, width)
        self.offered = nn.Linear(width + size, width)
        self.distance = nn.Embedding(MAX_BARS, 1)
        self.else_ = nn.Linear(width, 2)
        self.which = nn.Linear(width, kinds)
        # Of all points of the songs it learnt from, so that every number counts alike; and where, among normal points,
        # the Gaussians stand, and how wide they are.
        self.center = nn.Buffer(torch.zeros(size))
        self.spread = nn.Buffer(torch.ones(size))
        self.means = nn.Buffer(torch.zeros(kinds, size))
        self.widths = nn.Buffer(torch.ones(kinds, size))

    def normal(self, points: Tensor) -> Tensor:
        """Points with mean 0 and deviation 1 over all songs."""
        return (points - self.center) / self.spread

    def placed(self, normal: Tensor) -> Tensor:
        """The points that `normal` gives these for."""
        return normal * self.spread + self.center

    def forward(self, songs: Songs) -> Tensor:
        """-ln p of what each player does in each bar, given all before: [B, T, P]."""
        states = self._states(songs)
        choices = self._choices(states, songs.values, songs.plays)
        count = songs.values.shape[1]
        again = torch.where(songs.same, choices[..., :count], _NEVER)
        weights = self.which(states).log_softmax(dim=-1)
        fresh = choices[..., -1] + (weights + self.densities(songs.values)).logsumexp(dim=-1)
        # What was there before is never counted as new: it would be infinitely likely.
        played = torch.where(songs.same.any(dim=-1), again.logsumexp(dim=-1), fresh)
        return -torch.where(songs.plays, played, choices[..., -2])

    @torch.no_grad()
    def sample(self, bars: int, conditions: Conditions, generator: torch.Generator, temperature: float = 0.7) -> Points:
        """One song; `temperature` scales the spread of new points."""
        players = conditions.players.shape[1]
        values, cells = torch.zeros(1, bars, players, self.size), np.full((bars, players), REST, np.int64)
        found: list[Tensor] = []
        state, before = None, torch.zeros(1, 1, self.width)
        asked = self._asked(conditions, torch.tensor([bars]), bars)
        states = torch.zeros(1, bars, players, self.width)
        for bar in range(bars):
            for player in range(players):
                own = self.own(values[:, bar - 1, player]) if bar else torch.zeros(1, self.width)
                heard, state = self.cell(asked[:, bar, player].unsqueeze(1) + own.unsqueeze(1) + before, state)
                states[:, bar, player] = heard[:, 0]
                plays = torch.from_numpy(cells[None, : bar + 1] != REST)
                choices = self._choices(states[:, : bar + 1], values[:, : bar + 1], plays)[0, -1, player]
                chances = choices.exp()
                silent = (cells[:, player] == REST).all() or (player == players - 1 and (cells[bar] == REST).all())
                if bar == bars - 1 and silent:
                    chances[-2] = 0.0  # whoever never played plays at last, and a song does not end before its last bar
                choice, ago = int(torch.multinomial(chances, 1, generator=generator)), 0
                if choice < bar:
                    cells[bar, player] = cells[choice, player]
                    ago = bar - int(np.flatnonzero(cells[:bar, player] == cells[choice, player])[-1])
                elif choice == len(choices) - 1:
                    cells[bar, player] = len(found)
                    found.append(self._draw(heard[:, 0], generator, temperature))
                if cells[bar, player] != REST:
                    values[0, bar, player] = found[cells[bar, player]]
                kind = _REST if cells[bar, player] == REST else _AGAIN if ago else _NEW
                before = self._heard(values[:, bar, player], torch.tensor([kind]), torch.tensor([ago])).unsqueeze(1)
        points = torch.stack(found) if found else torch.zeros(0, self.size)
        return Points(self.placed(points), cells)

    def _asked(self, conditions: Conditions, bars: Tensor, count: int) -> Tensor:
        """[B, T, P, W]: what is known of each player in each bar before anything is played."""
        asked = self.genres(conditions.genres)
        for column, table in enumerate(self.song):
            asked = asked + table(conditions.song[:, column])
        players = self.players[0](conditions.players[..., 0]) + self.players[1](conditions.players[..., 1])
        at = torch.arange(count)
        left = (bars.unsqueeze(1) - at).clamp(min=0, max=MAX_BARS)
        bar = self.place(at) + self.left(left)
        out: Tensor = asked[:, None, None] + players.unsqueeze(1) + bar.unsqueeze(2)
        return out

    def _heard(self, values: Tensor, kind: Tensor, ago: Tensor) -> Tensor:
        """What the next player is told of one who has just played: [..., W]."""
        told: Tensor = self.last(values) + self.kind(kind) + self.ago(ago)
        return told

    def _states(self, songs: Songs) -> Tensor:
        """[B, T, P, W]: what is known before each player's turn in each bar."""
        count, players = songs.values.shape[1:3]
        kind = torch.where(songs.plays, torch.where(songs.same.any(dim=-1), _AGAIN, _NEW), _REST)
        told = self._heard(songs.values, kind, songs.back)
        before = functional.pad(told.flatten(1, 2)[:, :-1], (0, 0, 1, 0))
        own = functional.pad(self.own(songs.values)[:, :-1], (0, 0, 0, 0, 1, 0))
        asked = self._asked(songs.conditions, songs.bars, count)
        states: Tensor = self.cell((asked + own).flatten(1, 2) + before)[0]
        return states.view(len(states), count, players, -1)

    def _choices(self, states: Tensor, values: Tensor, plays: Tensor) -> Tensor:
        """Ln p [B, T, P, T + 2]: each of the player's earlier bars again, a rest, or something new (the last)."""
        count = states.shape[1]
        offered = self.offered(torch.cat((states, values), dim=-1))
        at = torch.arange(count)
        ago = at.unsqueeze(1) - at
        scores = torch.einsum("btpw,bspw->btps", self.wanted(states), offered) / self.width**0.5
        scores = scores + self.distance(ago.clamp(min=0)).squeeze(-1).unsqueeze(1)
        can_be = (ago > 0).unsqueeze(1) & plays.transpose(1, 2).unsqueeze(1)
        scores = torch.where(can_be, scores, _NEVER)
        return torch.cat((scores, self.else_(states)), dim=-1).log_softmax(dim=-1)

    def densities(self, points: Tensor) -> Tensor:
        """Ln of each Gaussian's density at normal points [..., Z]: [..., kinds]."""
        narrow = 1 / self.widths.square()
        gaps = (
            points.square() @ narrow.T
            - 2 * points @ (self.means * narrow).T
            + (self.means.square() * narrow).sum(dim=1)
        )
        return -0.5 * gaps - self.widths.log().sum(dim=1) - 0.5 * self.size * log(2 * pi)

    def _draw(self, state: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
        kind = int(torch.multinomial(self.which(state)[0].softmax(dim=-1), 1, generator=generator))
        noise = torch.randn(self.size, generator=generator)
        return self.means[kind] + temperature * noise * self.widths[kind]
