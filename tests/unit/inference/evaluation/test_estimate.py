"""Figures with their uncertainty."""

import numpy as np
import pytest

from inference.evaluation.estimate import Estimate, bootstrap, difference_is_seen, p99, ratio
from inference.evaluation.halves import against_halves
from inference.evaluation.structure import structure_error

SONGS = list(range(200))


def test_an_interval_of_a_mean_is_as_wide_as_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(5, 2, 200)
    estimate = bootstrap(values, SONGS)
    assert estimate is not None
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.15)
    assert estimate == bootstrap(values, SONGS)


def test_excerpts_of_one_song_are_not_independent() -> None:
    values = np.repeat(np.random.default_rng(1).normal(0, 1, 20), 10)
    alone, together = bootstrap(values, SONGS), bootstrap(values, [song // 10 for song in SONGS])
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_what_is_undefined_is_left_out() -> None:
    estimate = bootstrap(np.array([1.0, np.nan, 3.0]), [1, 2, 3])
    assert estimate is not None
    assert (estimate.value, estimate.count) == (2.0, 2)
    assert bootstrap(np.array([np.nan]), [1]) is None


def test_ratios_and_percentiles_are_of_the_whole() -> None:
    pairs = bootstrap(np.array([[10.0, 2.0], [2.0, 4.0]]), [1, 2], ratio)
    assert pairs is not None
    assert (pairs.value, pairs.low, pairs.high) == (2.0, 0.5, 5.0)
    assert p99(np.arange(101.0)) == 99


def test_a_difference_is_seen_only_beyond_both_intervals() -> None:
    def estimate(value: float) -> Estimate:
        return Estimate(value, value - 1, value + 1, 10)

    assert not difference_is_seen(estimate(0), estimate(1.4))
    assert difference_is_seen(estimate(0), estimate(1.5))


def test_songs_like_the_real_ones_score_as_they_do_and_others_worse() -> None:
    rng = np.random.default_rng(1)
    real, alike, other = (rng.normal(middle, 0.1, (40, 8)) for middle in (0.5, 0.5, 0.9))
    for generated, low, high in ((alike, 0.5, 1.8), (other, 5.0, 100.0)):
        curves = np.concatenate([real, generated])

        def error(half: np.ndarray, others: np.ndarray, curves: np.ndarray = curves) -> float:
            return structure_error(curves[half], curves[others])

        reference, score = against_halves(error, list(range(40)), 40, seed=1)
        assert low < score.value / reference.value < high
        assert reference.count == score.count == 20


def test_a_song_never_is_in_both_halves() -> None:
    songs = np.repeat(np.arange(8), 2)

    def compare(half: np.ndarray, others: np.ndarray) -> float:
        real = others[others < len(songs)]
        assert not set(songs[half]) & set(songs[real])
        return 0.0

    against_halves(compare, songs.tolist(), 3, seed=1)
    with pytest.raises(ValueError, match="8 songs, not 1"):
        against_halves(compare, [1, 1], 3, seed=1)
