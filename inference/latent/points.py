"""A song as points: what each player plays in each bar, and what of it comes back."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from inference.latent.course import REST, Cells
from inference.latent.encoder import BlockEncoder
from inference.latent.hits import hits_of
from inference.tokens.arrangement import Arrangement
from inference.tokens.block import Block
from inference.tokens.written import written_rows


@dataclass(frozen=True)
class Points:
    """A song's different blocks as points, and its form.

    values: float32 [K, Z]; cells: [bars, players], which point a player plays in a bar, or REST.
    """

    values: Tensor
    cells: Cells

    @property
    def first(self) -> list[tuple[int, int]]:
        """Of each point the bar and the player where it is played first."""
        places: dict[int, tuple[int, int]] = {}
        for place, point in np.ndenumerate(self.cells):
            bar, player = place
            places.setdefault(int(point), (bar, player))
        return [places[point] for point in range(len(self.values))]

    def moved(self, values: Tensor) -> "Points":
        """The same form with other points."""
        return replace(self, values=values)


def blocks_in(arrangement: Arrangement) -> tuple[list[Block], Cells]:
    """A song's different blocks, with written pitches, in order, and which of them each cell is: [bars, players].

    Two players who play the same are two blocks: each goes its own way when a song is varied.
    """
    known: dict[tuple[int, Block], int] = {}
    cells = np.full((len(arrangement.rows), len(arrangement.header.players)), REST, np.int64)
    for bar, row in enumerate(written_rows(arrangement)):
        for player, block in enumerate(row):
            if block is not None:
                cells[bar, player] = known.setdefault((player, block), len(known))
    return [block for _, block in known], cells


@torch.no_grad()
def points_of(encoder: BlockEncoder, arrangement: Arrangement) -> Points:
    """Where the encoder sees each block of a song."""
    blocks, cells = blocks_in(arrangement)
    mean, _ = encoder(hits_of(blocks))
    return Points(mean, cells)
