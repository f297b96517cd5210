"""Songs of points, many at a time, as the prior takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from inference.latent.course import REST
from inference.latent.points import Points
from inference.model.inputs import genre_weights
from inference.model.song import song_numbers
from inference.tokens.arrangement import Header
from inference.tokens.block import Block
from inference.tokens.state import player_numbers

LIKE = 0.5  # how much alike a variation sounds, at least (`likeness_of`)
_STRUCK = 3  # of a hit's fields: where, what, and what chord
RETURNING = 4  # what is told of an earlier bar that may come back


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
    """Songs of equally many players.

    values: float [B, T, P, K], what the sketch knows of each block, anything for a rest.
    cells: int64 [B, T, P], numbers that are alike in a song where a player plays the same, or REST.
    varies: bool [B, T, P, T], whether a player plays a variation of what it played in an earlier bar.
    bars: int64 [B], how many bars each song has; what is beyond them are rests.
    """

    values: Tensor
    cells: Tensor
    varies: Tensor
    bars: Tensor
    conditions: Conditions

    @property
    def plays(self) -> Tensor:
        """Who plays: bool [B, T, P]."""
        return self.cells != REST

    @property
    def alike(self) -> Tensor:
        """Whether a player does in a bar what it did in an earlier one, which may be a rest: bool [B, T, P, T]."""
        count = self.cells.shape[1]
        earlier = torch.ones(count, count, dtype=torch.bool).tril(-1).unsqueeze(1)
        return (self.cells.unsqueeze(-1) == self.cells.transpose(1, 2).unsqueeze(1)) & earlier

    @property
    def same(self) -> Tensor:
        """Whether the player plays there what it played in an earlier bar: bool [B, T, P, T]."""
        return self.alike & self.plays.unsqueeze(-1)

    @property
    def near(self) -> Tensor:
        """Whether what the player plays there first is a variation of an earlier bar: bool [B, T, P, T]."""
        return self.varies & ~self.same.any(dim=-1, keepdim=True)

    @property
    def back(self) -> Tensor:
        """How many bars ago the player last played this, 0 for never: int64 [B, T, P]."""
        count = self.cells.shape[1]
        at = torch.arange(count)
        ago = (at.unsqueeze(1) - at).unsqueeze(1)
        return torch.where(self.same, ago, count).amin(dim=-1) % count

    @property
    def returning(self) -> Tensor:
        """What speaks for each earlier bar: [B, T, P, T, RETURNING]."""
        alike = self.alike | self.varies
        return returning(alike, functional.pad(alike, (1, -1, 0, 0, 1, -1)))


def returning(now: Tensor, before: Tensor) -> Tensor:
    """What speaks for playing an earlier bar again: songs go on as they went on, and players go back together.

    Args:
        now: bool [..., P, S], whether a player does in this bar what it did in bar s, or nearly.
        before: bool [..., P, S], whether a player did in the bar before this one what it did in the one before s, or
            nearly.

    Returns:
        float [..., P, S, RETURNING]: whether s is how the player's last bar went on, for how many players it is, and,
        of those whose turn was before in this bar, how many play s, and whether all of them do.
    """
    players = now.shape[-2]
    turn = torch.arange(players).unsqueeze(1)
    agree = (now.long().cumsum(dim=-2) - now.long()) / turn.clamp(min=1)
    band = before.float().mean(dim=-2, keepdim=True).expand(now.shape)
    return torch.stack((before.float(), band, agree, ((agree == 1) & (turn > 0)).float()), dim=-1)


def conditions_of(header: Header, genres: tuple[str, ...]) -> Conditions:
    """A batch of one."""
    players = torch.tensor([[player_numbers(player) for player in header.players]])
    return Conditions(torch.tensor([song_numbers(header)]), genre_weights(header, genres).unsqueeze(0), players)


@dataclass(frozen=True)
class Excerpt:
    """Some bars of a song, and what they would be asked.

    points: their form and, instead of points, what the sketch knows of them.
    likeness: float [K, K], how much alike its points sound, 0 to 1 (`likeness_of`).
    """

    points: Points
    likeness: Tensor
    conditions: Conditions


def songs_of(songs: Sequence[Excerpt]) -> Songs:
    """A batch of excerpts of equally many players; what is beyond a song's last bar is a rest."""
    bars = torch.tensor([len(song.points.cells) for song in songs])
    longest, players = int(bars.max()), songs[0].points.cells.shape[1]
    known = [song.points.values for song in songs]
    cells = torch.full((len(songs), longest, players), REST)
    values = torch.zeros(*cells.shape, known[0].shape[1])
    varies = torch.zeros(len(songs), longest, players, longest, dtype=torch.bool)
    for number, song in enumerate(songs):
        count = len(song.points.cells)
        cells[number, :count] = torch.from_numpy(song.points.cells)
        played = cells[number] != REST
        values[number][played] = known[number][cells[number][played]].float()
        varies[number, :count, :, :count] = _varying(cells[number, :count], song.likeness >= LIKE)
    asked = (torch.cat([getattr(song.conditions, part) for song in songs]) for part in ("song", "genres", "players"))
    return Songs(values, cells, varies, bars, Conditions(*asked))


def _varying(cells: Tensor, like: Tensor) -> Tensor:
    """Whether a player plays a variation of what it played in an earlier bar, [T, P, T], of cells [T, P]."""
    line = cells.T
    now, then = line.unsqueeze(2), line.unsqueeze(1)
    varies = like[now, then] & (now != then) & (now != REST) & (then != REST)
    return varies.tril(-1).transpose(0, 1)


def likeness_of(blocks: Sequence[Block]) -> Tensor:
    """Of each two blocks what both strike, where and what chord, over all that either does: float [K, K], 0 to 1."""
    numbers: dict[tuple[int, ...], int] = {}
    struck = [[numbers.setdefault(tuple(hit)[:_STRUCK], len(numbers)) for hit in block.hits] for block in blocks]
    hits = torch.zeros(len(blocks), len(numbers))
    for number, places in enumerate(struck):
        hits[number, places] = 1.0
    both, count = hits @ hits.T, hits.sum(dim=1)
    return both / (count.unsqueeze(1) + count - both).clamp(min=1)
