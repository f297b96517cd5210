"""Headers and steps as the tensors the network takes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from inference.model.song import genre_shares
from inference.tokens.arrangement import Header


@dataclass(frozen=True)
class StepInputs:
    """What the trunk takes for steps t, all [B, T, ...] or, for the song, [B, ...].

    fields: int64 [B, T, 5]; context: int64 [B, T, 10]; content: float [B, T, 62];
    song: int64 [B, 10]; genres: float [B, G + 1], weights.
    """

    fields: Tensor
    context: Tensor
    content: Tensor
    song: Tensor
    genres: Tensor


def genre_weights(header: Header, genres: tuple[str, ...]) -> Tensor:
    """Float [G + 1]; all weight on the last entry when the header names none of the model's genres."""
    return torch.tensor(genre_shares(header, genres))
