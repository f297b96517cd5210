"""A small auto-encoder, taught or not, and songs as points."""

from functools import cache

import torch

from inference.latent.config import LatentConfig
from inference.latent.hits import Hits, hits_of
from inference.latent.points import blocks_in
from inference.latent.space import LatentSpace
from inference.tokens.arrange import arrange
from inference.tokens.arrangement import Arrangement
from inference.training.auto import block_losses
from tests.fakes.scores import quartet_score, retuned

WIDTH = 32


def untaught(size: int = 8) -> LatentSpace:
    torch.manual_seed(3)
    return LatentSpace(LatentConfig(size, hidden=16, block=32), WIDTH)


def song(bars: int = 12, tune: int = 1) -> Arrangement:
    return arrange(retuned(quartet_score(bars), tune))


def hits_in(arrangement: Arrangement) -> Hits:
    blocks, _ = blocks_in(arrangement)
    return hits_of(blocks)


@cache
def taught() -> tuple[LatentSpace, Arrangement]:
    """A space that knows the blocks of one song by heart, and that song."""
    torch.manual_seed(4)
    space, known = LatentSpace(LatentConfig(24, hidden=64, block=96), WIDTH), song()
    optimiser = torch.optim.Adam([*space.encoder.parameters(), *space.sketch.parameters()], lr=3e-3)
    for _ in range(250):
        fields, nats, _ = block_losses(space, hits_in(known), noise=1.0)
        (fields.sum() + 0.01 * nats).backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        optimiser.step()
        optimiser.zero_grad()
    return space, known
