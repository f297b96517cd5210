"""What bars follow bars: a genre-conditional distribution over songs as points, player by player and bar by bar.

Most of what is played was played before, and much of the rest nearly so. So each player in each bar rests, plays one
of its earlier bars again, pointed at (Vinyals et al., 2015), or a variation of one, or something new: one of a stock of
real points, few of one song. Points of real blocks lie close together in some places, and what Gaussians leave between
them is no music. Whoever's turn it is hears
what those before it in the bar play, and all bars before, as the sketch knows them: a bass that goes with a guitar has
a point far from that of the guitar, but strikes where it strikes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.latent.attention import CellAttention, Memory
from inference.latent.config import LatentConfig, PriorConfig
from inference.latent.layers import Residual, embedding
from inference.latent.leanings import FIRST
from inference.latent.songs import RETURNING, Conditions, Songs
from inference.model.song import SONG_SIZES
from inference.music.units import MAX_BARS
from inference.tokens.state import BAR_CYCLE, CONTEXT_SIZES, PLAYER_COLUMNS

_NEVER = -1e9  # finite, so that what cannot be has a gradient of zero and not none
REST, NEW, AGAIN = range(3)  # what a player does


@dataclass(frozen=True)
class Costs:
    """What songs cost.

    form: -ln p of whether each player in each bar rests, plays what it played in some bar, nearly that, or something
        new [B, T, P].
    points: -ln p of what is new, among everything new in these songs and some others [N].
    """

    form: Tensor
    points: Tensor


class LatentPrior(nn.Module):
    """A transformer over the cells of a song.

    Args:
        genres: how many a model knows.
        space: whose points these are.
        config: its own shape.
    """

    def __init__(self, genres: int, space: LatentConfig, config: PriorConfig) -> None:
        super().__init__()
        width, size = config.width, space.size
        self.width, self.config = width, config
        self.song = nn.ModuleList(embedding(numbers, width) for numbers in SONG_SIZES)
        self.genres = nn.Linear(genres + 1, width, bias=False)
        self.players = nn.ModuleList(embedding(CONTEXT_SIZES[column], width) for column in PLAYER_COLUMNS)
        self.left, self.place = embedding(1 + MAX_BARS, width), embedding(MAX_BARS, width)
        self.beat = embedding(BAR_CYCLE, width)
        self.kind, self.ago = embedding(3, width), embedding(MAX_BARS, width)
        self.point = nn.Sequential(nn.Linear(space.block, width), Residual(width, 2 * width))
        self.own, self.other = nn.Linear(width, width), nn.Linear(width, width)
        self.cells = CellAttention(width, config.layers, config.heads)
        self.offered = nn.Linear(2 * width, width)
        self.again, self.nearly = _Pointing(width), _Pointing(width)
        self.else_ = nn.Linear(width, 2)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        # Of all points of the songs it learnt from.
        self.center = nn.Buffer(torch.zeros(size))
        self.spread = nn.Buffer(torch.ones(size))
        self.stock = nn.Buffer(torch.zeros(config.stock, size))
        # In each genre, and without one.
        self.leanings = nn.Buffer(torch.tensor(FIRST).repeat(genres + 1, 1))

    def normal(self, points: Tensor) -> Tensor:
        """Points with mean 0 and deviation 1 over all songs, so that every number counts alike."""
        return (points - self.center) / self.spread

    def placed(self, normal: Tensor) -> Tensor:
        """The points that `normal` gives these for."""
        return normal * self.spread + self.center

    def forward(self, songs: Songs, others: Tensor) -> Costs:
        """What each player does in each bar costs, given all before.

        Args:
            songs: of at least one bar.
            others: what is known of points that could be played instead of new ones, [M, K].
        """
        plays, same, near = songs.plays, songs.same, songs.near
        known = self.known(songs.values, plays)
        states = self._states(songs, known)
        choices = self.choices(states, self.offer(states, known), plays, songs.returning)
        count = plays.shape[1]
        again, nearly = (
            torch.where(which, choices[..., first : first + count], _NEVER).logsumexp(dim=-1)
            for which, first in ((same, 0), (near, count))
        )
        came_back, is_near = same.any(dim=-1), near.any(dim=-1)
        played = torch.where(came_back, again, torch.where(is_near, nearly, choices[..., -1]))
        form = -torch.where(plays, played, choices[..., -2])
        fresh = plays & ~came_back & ~is_near
        keys = torch.cat((self.key(known[fresh]), self.keys(others)))
        scores = self.liking(states[fresh], keys)
        return Costs(form, functional.cross_entropy(scores, torch.arange(len(scores)), reduction="none"))

    def keys(self, known: Tensor) -> Tensor:
        """By which points are found of which this is known: [M, K] -> [M, W]."""
        keys: Tensor = self.key(self.point(known))
        return keys

    def liking(self, states: Tensor, keys: Tensor) -> Tensor:
        """How much rather than by chance each point is played next: [N, W], [M, W] -> [N, M]."""
        asked: Tensor = self.query(states)
        scores: Tensor = (asked @ keys.T.to(asked.dtype)).float() / self.width**0.5
        return scores

    def known(self, values: Tensor, plays: Tensor) -> Tensor:
        """What others hear of what is played, zeros for rests: [..., K] -> [..., W]."""
        known: Tensor = self.point(values) * plays.unsqueeze(-1)
        return known

    def roster(self, conditions: Conditions) -> Tensor:
        """[B, P, W]: who plays."""
        out: Tensor = self.players[0](conditions.players[..., 0]) + self.players[1](conditions.players[..., 1])
        return out

    def asked(self, conditions: Conditions, bars: Tensor, count: int) -> Tensor:
        """[B, T, P, W]: what is known of each player in each bar before anything is played."""
        asked = self.genres(conditions.genres)
        for column, table in enumerate(self.song):
            asked = asked + table(conditions.song[:, column])
        at = torch.arange(count)
        left = (bars.unsqueeze(1) - at).clamp(min=0, max=MAX_BARS)
        bar = self.place(at) + self.beat(at % BAR_CYCLE) + self.left(left)
        out: Tensor = asked[:, None, None] + self.roster(conditions).unsqueeze(1) + bar.unsqueeze(2)
        return out

    def word(self, known: Tensor, kind: Tensor, ago: Tensor) -> Tensor:
        """What the others are told of one who has just played: [..., W]."""
        told: Tensor = self.other(known) + self.kind(kind) + self.ago(ago)
        return told

    def step(self, told: Tensor, leanings: Tensor, memory: Memory) -> Tensor:
        """[W] of the next cell's turn, of what it is told [W] and its row of leanings: drawing, one cell at a time."""
        state: Tensor = self.cells(told[None, None], leanings, memory)[0, 0]
        return state

    def _states(self, songs: Songs, known: Tensor) -> Tensor:
        """[B, T, P, W]: what is known before each player's turn in each bar."""
        count, players = known.shape[1:3]
        plays = songs.plays
        kind = torch.where(plays, torch.where(songs.same.any(dim=-1), AGAIN, NEW), REST)
        word = self.word(known, kind, songs.back) + self.roster(songs.conditions).unsqueeze(1)
        before = functional.pad(word.flatten(1, 2)[:, :-1], (0, 0, 1, 0))
        own = functional.pad(self.own(known)[:, :-1], (0, 0, 0, 0, 1, 0))
        asked = self.asked(songs.conditions, songs.bars, count)
        states: Tensor = self.cells((asked + own).flatten(1, 2) + before, self.cells.leanings(count, players))
        return states.view(len(states), count, players, -1)

    def offer(self, states: Tensor, known: Tensor) -> Tensor:
        """What turns offer to later ones for playing the same again: [..., W], [..., W] -> [..., W]."""
        offered: Tensor = self.offered(torch.cat((states, known.to(states.dtype)), dim=-1))
        return offered

    def choices(self, states: Tensor, offered: Tensor, plays: Tensor, speaking: Tensor) -> Tensor:
        """Ln p [B, T, P, 2S + 2]: each of the player's S bars again, nearly again, a rest, or something new (the last).

        Args:
            states: [B, T, P, W], at turns in the last T of S bars.
            offered: by all of them, [B, S, P, W]; what a turn offers itself does not count.
            plays: who plays, [B, S, P].
            speaking: for each bar, [B, T, P, S, RETURNING].
        """
        last, count = plays.shape[1], states.shape[1]
        at = torch.arange(last)
        ago = at[last - count :].unsqueeze(1) - at
        can_be = (ago > 0).unsqueeze(1) & plays.transpose(1, 2).unsqueeze(1)
        pointed = [
            torch.where(can_be, way(states, offered, ago.clamp(min=0), speaking), _NEVER)
            for way in (self.again, self.nearly)
        ]
        return torch.cat((*pointed, self.else_(states).float()), dim=-1).log_softmax(dim=-1)


class _Pointing(nn.Module):
    """What speaks for each earlier bar: what it offers, how long ago it was, and who goes back to it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.wanted = nn.Linear(width, width)
        self.distance = nn.Embedding(MAX_BARS, 1)
        self.leaning = nn.Linear(width, RETURNING)

    def forward(self, states: Tensor, offered: Tensor, ago: Tensor, speaking: Tensor) -> Tensor:
        """[B, T, P, S]; `ago` is int64 [T, S], the rest as `LatentPrior.choices` has it."""
        scores = torch.einsum("btpw,bspw->btps", self.wanted(states), offered).float() / self.width**0.5
        scores = scores + self.distance(ago).squeeze(-1).unsqueeze(1)
        out: Tensor = scores + torch.einsum("btpsf,btpf->btps", speaking, self.leaning(states).float())
        return out
