"""From a point to hits: the decoding half of the auto-encoder, as far as it gets without the rest of the song."""

import torch
from torch import Tensor, nn

from inference.latent.config import LatentConfig
from inference.latent.features import NOWHERE, PLACES, FieldTable
from inference.latent.layers import Residual
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, POSITIONS


class Sketch(nn.Module):
    """Says of a block, by its point alone, where something is struck and what.

    It is what the encoder was taught with, and what the composer is told of a point: a network that must find a
    bar's notes in one vector by itself learns to do without.
    """

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        width, block = config.hidden, config.block
        self.begin = nn.Linear(config.size, block)
        self.layers = nn.Sequential(Residual(block, block), Residual(block, block), nn.RMSNorm(block))
        self.onsets = nn.Linear(block, POSITIONS)
        self.turn, self.add = nn.Linear(block, width), nn.Linear(block, width)
        self.turned, self.placed = FieldTable(HEAD_FIELD, width), FieldTable(HEAD_FIELD, width)
        self.what = nn.Sequential(Residual(width, 2 * width), nn.RMSNorm(width))
        self.fields = nn.ModuleList(FieldTable(field, width) for field in range(1, len(FIELD_SIZES)))
        self.usual = nn.ParameterList(torch.zeros(size) for size in FIELD_SIZES[1:])

    def known(self, points: Tensor) -> Tensor:
        """What the other methods take of points [K, Z]: [K, W]."""
        known: Tensor = self.layers(self.begin(points))
        return known

    def struck(self, known: Tensor, owner: Tensor, place: Tensor) -> Tensor:
        """What is struck at a place [N] (position plus one) of the block `owner` [N] of [K, W], if anything: [N, H]."""
        turn, add = self.turn(known)[owner], self.add(known)[owner]
        struck: Tensor = self.what(turn * (1 + self.turned(place)) + add + self.placed(place))
        return struck

    def logits(self, struck: Tensor) -> list[Tensor]:
        """[N, H] -> value, shape, duration and velocity of the hit: [N, size] each."""
        return [
            struck @ table.table.T + usual for table, usual in zip(map(_as_table, self.fields), self.usual, strict=True)
        ]

    def following(self, known: Tensor) -> Tensor:
        """The next place where something is struck, NOWHERE if nothing is, after each place: int64 [K, PLACES]."""
        places = torch.arange(1, PLACES, device=known.device)
        struck = torch.where(self.onsets(known) > 0, places, PLACES)
        ahead = struck.flip(1).cummin(dim=1).values.flip(1)
        last = torch.full((len(known), 1), PLACES, device=known.device)
        following = torch.cat((ahead, last), dim=1)
        return torch.where(following == PLACES, NOWHERE, following)


def _as_table(module: nn.Module) -> FieldTable:
    if not isinstance(module, FieldTable):
        raise TypeError(f"{type(module).__name__} is no table of a field")
    return module
