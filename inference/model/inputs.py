"""Headers and steps as the numbers the network takes."""

from bisect import bisect_right
from dataclasses import dataclass
from math import exp, log

import torch
from torch import Tensor

from inference.music.pitch import Mode
from inference.music.spec import MAX_DENSITY
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_TEMPO
from inference.tokens.arrangement import Header

_TEMPO_BINS = 32
_RATIO = log(MAX_TEMPO / MIN_TEMPO) / _TEMPO_BINS
_TEMPO_BOUNDS = tuple(MIN_TEMPO * exp(_RATIO * step) for step in range(1, _TEMPO_BINS))
_BARS_A_BIN = 4

# tempo, key, density, bars, opens, closes, free order
SONG_SIZES = (_TEMPO_BINS, 25, 1 + MAX_DENSITY, 2 + MAX_BARS // _BARS_A_BIN, 2, 2, 2)


@dataclass(frozen=True)
class StepInputs:
    """What the trunk takes for steps t, all [B, T, ...] or, for the song, [B, ...].

    fields: int64 [B, T, 5]; context: int64 [B, T, 7]; content: float [B, T, 62];
    song: int64 [B, 7]; genres: float [B, G + 1], weights.
    """

    fields: Tensor
    context: Tensor
    content: Tensor
    song: Tensor
    genres: Tensor


def song_numbers(header: Header) -> tuple[int, ...]:
    """The header as integers below SONG_SIZES."""
    key = 0 if header.key is None else 1 + header.key.tonic + (12 if header.key.mode is Mode.MINOR else 0)
    return (
        bisect_right(_TEMPO_BOUNDS, header.tempo),
        key,
        header.density or 0,
        min(1 + MAX_BARS // _BARS_A_BIN, header.bars // _BARS_A_BIN),
        int(header.opens),
        int(header.closes),
        int(header.free_order),
    )


def genre_weights(header: Header, genres: tuple[str, ...]) -> Tensor:
    """Float [G + 1]; all weight on the last entry when the header names none of the model's genres."""
    weights = torch.zeros(len(genres) + 1)
    for name, weight in header.genres:
        if name in genres:
            weights[genres.index(name)] += weight
    weights[-1] = 1.0 - weights.sum()
    return weights
