"""Draws one value a row from masked logits."""

import torch
from torch import Tensor


def draw(logits: Tensor, mask: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor) -> Tensor:
    """Nucleus sampling (Holtzman et al., 2020) by inverting the cumulated probabilities.

    Args:
        logits: float [S, V].
        mask: bool [S, V], at least one True a row.
        temperature: float [S, 1].
        top_p: float [S, 1].
        uniform: float [S, 1], in [0, 1).

    Returns:
        int64 [S]. A row's result depends on that row alone.
    """
    scaled = logits.float().masked_fill(~mask, -torch.inf) / temperature
    weights, order = scaled.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    before = weights.cumsum(dim=-1) - weights
    weights = weights.masked_fill(before >= top_p, 0.0)
    cumulated = weights.cumsum(dim=-1)
    index = (cumulated <= uniform * cumulated[:, -1:]).sum(dim=-1, keepdim=True)
    # Rounding may leave the sum a hair short of the last weight that counts.
    last = (weights > 0).sum(dim=-1, keepdim=True) - 1
    return order.gather(1, torch.minimum(index, last)).squeeze(1)
