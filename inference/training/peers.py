"""What the processes of a run tell each other between updates (data parallelism); a run alone tells itself."""

from collections.abc import Iterable

import torch
from torch import Tensor, distributed


def said_by_first(value: float) -> float:
    """The `value` of the process that leads; that of others is not asked for."""
    if not distributed.is_initialized():
        return value
    said = torch.tensor(value, dtype=torch.float64)
    distributed.broadcast(said, src=0)
    return float(said)


def summed(values: Tensor) -> Tensor:
    """Sum over all processes, each element by itself."""
    if distributed.is_initialized():
        values = values.clone()
        distributed.all_reduce(values)
    return values


def sum_gradients(weights: Iterable[torch.nn.Parameter]) -> None:
    """Replaces the gradient of each weight by the sum over all processes; one that lacks it counts as zero."""
    if not distributed.is_initialized():
        return
    weights = list(weights)
    # One message for all of them: most are small, and each message waits for every process.
    gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    sums = summed(torch.nn.utils.parameters_to_vector(gradients))
    torch.nn.utils.vector_to_parameters(sums, gradients)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
