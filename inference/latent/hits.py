"""Blocks as the encoder takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inference.tokens.block import Block


@dataclass(frozen=True)
class Hits:
    """The hits of some blocks, one after another.

    fields: int64 [N, 5]; owner: int64 [N], which of the blocks each belongs to; blocks: how many of them there are.
    """

    fields: Tensor
    owner: Tensor
    blocks: int

    def to(self, device: torch.device) -> "Hits":
        return Hits(self.fields.to(device), self.owner.to(device), self.blocks)


def hits_of(blocks: Sequence[Block]) -> Hits:
    """With written pitches, as the model reads them."""
    fields = np.array([hit for block in blocks for hit in block.hits], np.int64).reshape(-1, 5)
    owner = np.repeat(np.arange(len(blocks)), [len(block.hits) for block in blocks])
    return Hits(torch.from_numpy(fields), torch.from_numpy(owner), len(blocks))
