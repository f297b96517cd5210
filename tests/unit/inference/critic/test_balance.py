"""Takes that are chosen by balanced weights measure, on average, what real songs do."""

import numpy as np

from inference.critic.balance import balancing
from inference.critic.lines import Floats
from inference.critic.takes import HEAD_START

RNG = np.random.default_rng(1)
# Three measures a take, in deviations from real songs: two that lack and go against each other, one that is right.
TAKES = RNG.multivariate_normal((-0.5, 0.1, 0.0), ((1, -0.7, 0), (-0.7, 1, 0), (0, 0, 1)), (400, 4))
EVERY = np.ones(TAKES.shape[:2], np.bool_)


def chosen(merit: Floats) -> Floats:
    return np.take_along_axis(TAKES, merit.argmax(axis=1)[:, None, None], axis=1)[:, 0].mean(axis=0)


def test_what_one_measure_gains_the_others_do_not_lose() -> None:
    against_the_mean = chosen(TAKES @ -TAKES.mean(axis=(0, 1)))
    merit = TAKES @ balancing(TAKES, EVERY)
    merit[:, 0] += HEAD_START
    assert np.abs(chosen(merit)).max() < 0.15
    assert np.abs(against_the_mean).max() > 0.3, "going against what is lacking goes too far"


def test_only_what_may_be_kept_counts() -> None:
    kept = EVERY.copy()
    kept[:, 2:] = False
    spoilt = TAKES.copy()
    spoilt[:, 2:] = 50.0
    np.testing.assert_allclose(balancing(spoilt, kept), balancing(TAKES[:, :2], EVERY[:, :2]))


def test_where_nothing_lacks_the_first_take_is_kept() -> None:
    right = TAKES - TAKES[:, 0].mean(axis=0)
    merit = right @ balancing(right, EVERY)
    assert (merit[:, 1:].max(axis=1) > merit[:, 0] + HEAD_START).mean() < 0.05
