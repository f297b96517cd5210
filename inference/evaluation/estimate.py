"""Figures with the uncertainty that a handful of songs leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_EDGES = (0.025, 0.975)

Rows = NDArray[np.float64]
Statistic = Callable[[Rows], float]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of `count` pieces and its 95 % interval."""

    value: float
    low: float
    high: float
    count: int


def mean(values: Rows) -> float:
    """Of all values."""
    return float(np.mean(values))


def p99(values: Rows) -> float:
    """The 99th percentile."""
    return float(np.quantile(values, 0.99))


def ratio(pairs: Rows) -> float:
    """Sum of the first column over the sum of the second."""
    above, below = pairs.sum(axis=0)
    return float(above / below)


def bootstrap(values: Rows, songs: Sequence[int], statistic: Statistic = mean) -> Estimate | None:
    """The statistic and its percentile interval (Efron, 1979), drawing whole songs, for their excerpts are alike.

    Args:
        values: float [N] or [N, K], one row a piece; rows with a NaN (undefined there) are left out.
        songs: N numbers; pieces of one song have the same.
        statistic: of such rows.

    Returns:
        None without any defined row.
    """
    if not len(values):
        return None
    defined = ~np.isnan(values.reshape(len(values), -1)).any(axis=1)
    rows = values[defined]
    if not len(rows):
        return None
    _, group = np.unique(np.asarray(songs)[defined], return_inverse=True)
    count = int(group.max()) + 1
    rng = np.random.default_rng(count)
    times = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    low, high = np.quantile([statistic(np.repeat(rows, drawn[group], axis=0)) for drawn in times], _EDGES)
    return Estimate(statistic(rows), float(low), float(high), len(rows))


def difference_is_seen(left: Estimate, right: Estimate) -> bool:
    """Whether two estimates differ by more than their intervals explain (half widths added in quadrature)."""
    widths = np.array([left.high - left.low, right.high - right.low]) / 2
    return abs(left.value - right.value) > float(np.hypot(*widths))


def between(values: Sequence[float], count: int) -> Estimate:
    """Mean and middle 95 % of a repeated comparison of `count` pieces."""
    low, high = np.quantile(values, _EDGES)
    return Estimate(float(np.mean(values)), float(low), float(high), count)
