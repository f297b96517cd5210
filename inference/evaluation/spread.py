"""Median, extremes and 99th percentile of a repeated measurement."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Spread:
    """Middle and edges of some measured values, all in the values' own unit."""

    count: int
    median: float
    p99: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Raises ValueError without any value."""
        if not values:
            raise ValueError("nothing was measured")
        ordered = sorted(values)
        # The nearest rank: a value that was really measured, so that one slow answer in fifty is not averaged away.
        rank = ceil(0.99 * len(ordered))
        return cls(len(ordered), median(ordered), ordered[rank - 1], ordered[0], ordered[-1])
