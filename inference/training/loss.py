"""The loss: negative log likelihood of each field."""

import torch
from torch import Tensor
from torch.nn import functional

from inference.model.inputs import StepInputs
from inference.model.transformer import Composer
from inference.tokens.vocabulary import FIELD_SIZES, NONE


def field_losses(
    model: Composer, inputs: StepInputs, targets: Tensor, echo: Tensor, steer: Tensor | None = None
) -> Tensor:
    """Sum over all steps of -ln p of each field: float [5]. A NONE target does not count.

    Args:
        model: the network.
        inputs: [B, T, ...].
        targets: int64 [B, T, 5], the next steps.
        echo: int64 [B, T, 6].
        steer: [B, T, C] from the embedding space, or None.
    """
    summaries = model(inputs, steer).flatten(0, 1)
    flat = targets.flatten(0, 1)
    logits = model.cascade(summaries, flat, inputs.context.flatten(0, 1), echo.flatten(0, 1))
    sums = [
        functional.cross_entropy(logits[field].float(), flat[:, field], ignore_index=NONE, reduction="sum")
        for field in range(len(FIELD_SIZES))
    ]
    return torch.stack(sums)
