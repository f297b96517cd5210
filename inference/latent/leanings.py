"""How much what is measured of songs counts beside what the prior likes: as much as a genre's own songs need."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

LAGS = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Leanings:
    """Weights in natural logarithms, in the order in which a prior keeps them and `habits` measures them.

    Args:
        new, nearly, rest: of something new, of a variation, and of a rest.
        one, two, four, eight, sixteen: of going back so many bars, to the same or nearly the same.
        outside: of the share of tones outside the scale.
        unison: of what bass and rhythm strike in unison.
        beside: of how much alike the pitch classes of a beat are.
        kicks: of what the bass strikes with the bass drum.
        unfamiliar: of how little of the pitch classes was heard before in the song.
    """

    new: float
    nearly: float
    rest: float
    one: float
    two: float
    four: float
    eight: float
    sixteen: float
    outside: float
    unison: float
    beside: float
    kicks: float
    unfamiliar: float

    @classmethod
    def of(cls, weights: Tensor) -> "Leanings":
        """Of [COUNT] numbers."""
        return cls(*weights.tolist())

    def back(self, ago: Tensor) -> Tensor:
        """Of going back so many bars: int64 [N] -> float [N]."""
        table = torch.zeros(1 + max(LAGS))
        table[list(LAGS)] = torch.tensor([self.one, self.two, self.four, self.eight, self.sixteen])
        out = torch.zeros(len(ago))
        near = (ago > 0) & (ago <= max(LAGS))
        out[near] = table[ago[near]]
        return out


COUNT = len(fields(Leanings))
# Where a genre begins, before its own songs are measured.
FIRST = (0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.5, 2.0, 1.5, 4.0, 0.0)
