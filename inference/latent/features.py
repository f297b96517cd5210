"""What values of a field have in common: what is alike need not be learnt twice."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.latent.layers import embedding
from inference.music.units import GRID_PER_QUARTER
from inference.tokens.tables import CHORD_SHAPES, DRUM_LANES, DRUM_SETS
from inference.tokens.vocabulary import (
    DRUM_SET,
    DURATION_GRIDS,
    FIELD_SIZES,
    PITCH,
    POSITIONS,
    VALUE_FIELD,
    VELOCITY_LEVELS,
)

NOWHERE = 0
PLACES = 1 + POSITIONS  # in a block: before its first hit, and after that a position plus one
_SIZES = (PLACES, *FIELD_SIZES[1:])
_OCTAVE = 12
_OCTAVES = 11
_INTERVALS = max(CHORD_SHAPES).bit_length()


class FieldTable(nn.Module):
    """A vector for each value of a field: one of its own and those of its features, added."""

    features: Tensor

    def __init__(self, field: int, width: int) -> None:
        super().__init__()
        features = _FEATURES[field]()
        self.register_buffer("features", features, persistent=False)
        self.own = embedding(_SIZES[field], width)
        self.shared = nn.Linear(features.shape[1], width, bias=False)

    @property
    def table(self) -> Tensor:
        """[values, width]."""
        table: Tensor = self.own.weight + self.shared(self.features)
        return table

    def forward(self, chosen: Tensor) -> Tensor:
        """Of values int64 [...]: [..., width]."""
        return functional.embedding(chosen, self.table)


def _place_features() -> Tensor:
    """Which quarter, which place within it, and which quaver, semiquaver and triplet."""
    at = torch.arange(POSITIONS)
    parts = [(at // GRID_PER_QUARTER, 4), (at % GRID_PER_QUARTER, GRID_PER_QUARTER)]
    parts += [(at // step, POSITIONS // step) for step in (12, 6, 8)]
    return _after_nothing([functional.one_hot(which, count) for which, count in parts])


def _value_features() -> Tensor:
    """Pitch class and octave, or the drums of a set."""
    features = torch.zeros(FIELD_SIZES[VALUE_FIELD], _OCTAVE + _OCTAVES + len(DRUM_LANES))
    pitch = torch.arange(DRUM_SET - PITCH)
    features[PITCH + pitch, pitch % _OCTAVE] = 1.0
    features[PITCH + pitch, _OCTAVE + pitch // _OCTAVE] = 1.0
    features[DRUM_SET:, -len(DRUM_LANES) :] = _bits(DRUM_SETS, len(DRUM_LANES))
    return features


def _shape_features() -> Tensor:
    """The intervals of a chord."""
    return functional.pad(_bits(CHORD_SHAPES, _INTERVALS), (0, 0, 1, 0))


def _duration_features() -> Tensor:
    """How long, by ratio, in two powers."""
    length = torch.tensor(DURATION_GRIDS).log2().unsqueeze(1) / 4 - 1
    return _after_nothing([length, length.square()])


def _velocity_features() -> Tensor:
    level = torch.tensor(VELOCITY_LEVELS).unsqueeze(1) / 64 - 1
    return _after_nothing([level, level.square()])


def _after_nothing(features: Sequence[Tensor]) -> Tensor:
    """With a first row of zeros, for NONE."""
    return functional.pad(torch.cat([part.float() for part in features], dim=1), (0, 0, 1, 0))


def _bits(masks: Sequence[int], count: int) -> Tensor:
    return torch.tensor([[float(mask >> bit & 1) for bit in range(count)] for mask in masks])


_FEATURES: tuple[Callable[[], Tensor], ...] = (
    _place_features,
    _value_features,
    _shape_features,
    _duration_features,
    _velocity_features,
)
