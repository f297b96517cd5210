"""The loss: negative log likelihood of each field."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from inference.latent.space import LatentSpace
from inference.model.inputs import StepInputs
from inference.model.transformer import Composer
from inference.tokens.vocabulary import FIELD_SIZES, NONE
from inference.training.batches import Batch


@dataclass(frozen=True)
class Chance:
    """What is drawn for a batch: standard normal `noise` [B, bars, Z], and `kept` [B], 1 where the points are shown.

    heard: int64 [B, T], 0 where the network is told of a step only where it falls. A composer that hears all that was
    written needs no points and learns to read none (Bowman et al., 2016).
    free: nats that each number of a point may cost.
    """

    noise: Tensor
    kept: Tensor
    heard: Tensor
    free: float


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


def steered_losses(model: Composer, space: LatentSpace, batch: Batch, chance: Chance) -> Tensor:
    """`field_losses` and, as a sixth number, the divergence of the points: nats, summed over the bars that have any.

    What each number costs on average below `chance.free` is free (Kingma et al., 2016).
    """
    steer, divergence = space(batch.inputs, batch.grid, chance.noise)
    kept = chance.kept.view(-1, 1, 1)
    losses = field_losses(model, _heard(batch.inputs, chance.heard), batch.targets, batch.echo, steer * kept)
    counted = (batch.grid.cells > 0).any(dim=-1, keepdim=True) * kept
    bars = counted.sum()
    each = (divergence * counted).sum(dim=(0, 1)) / bars.clamp(min=1.0)
    return torch.cat((losses, (bars * each.clamp(min=chance.free).sum()).unsqueeze(0)))


def _heard(inputs: StepInputs, heard: Tensor) -> StepInputs:
    told = heard.unsqueeze(-1)
    fields = torch.cat((inputs.fields[..., :1], inputs.fields[..., 1:] * told), dim=-1)
    return replace(inputs, fields=fields, content=inputs.content * told)
