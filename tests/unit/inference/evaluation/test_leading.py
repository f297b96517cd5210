"""A touch is found for songs that answer to it, and kept only if other seeds agree."""

from collections.abc import Sequence

import numpy as np
import pytest

from inference.critic.lines import Floats
from inference.evaluation.leading import FOUND, Aim, Effort, tune
from inference.music.touch import PLAIN, Touch

NAMES = ("L1, %", "L2, %", "kick and bass onset F1 − shuffled", "groove consistency, %")
LIKE_REAL = Touch(one=0.9, two=-0.6, kick=1.6)
EFFORT = Effort(songs=16, seed=100, steps=4)


def answer(touch: Touch) -> list[float]:
    """What a song measures on average."""
    return [30 + 10 * touch.one + 2 * touch.two, 33 + 12 * touch.two, np.tanh(touch.kick / 4), 90 - touch.one]


def measured(touch: Touch, seeds: Sequence[int]) -> Floats:
    """Songs that differ by seed, much more than touches make them differ."""
    return np.array([np.random.default_rng(seed).normal(answer(touch), (8, 8, 0.2, 2)) for seed in seeds])


AIM = Aim(NAMES, measured(LIKE_REAL, range(60)), tuple(range(60)))


def test_what_is_missing_is_made_up_for() -> None:
    tuned = tune(measured, AIM, {"none": PLAIN}, EFFORT, print)
    assert tuned.kept == FOUND
    assert AIM.distance(tuned.tables[FOUND]) < 0.5 * AIM.distance(tuned.tables["none"])
    assert tuned.touch.one == pytest.approx(LIKE_REAL.one, abs=0.5)
    assert tuned.touch.two == pytest.approx(LIKE_REAL.two, abs=0.5)
    assert tuned.touch.unison == 0, "no metric can answer to it"


def test_the_search_begins_from_the_best_candidate() -> None:
    asked: list[Touch] = []

    def write(touch: Touch, seeds: Sequence[int]) -> Floats:
        asked.append(touch)
        return measured(touch, seeds)

    tune(write, AIM, {"none": PLAIN, "near": LIKE_REAL}, EFFORT, print)
    assert asked[:2] == [PLAIN, LIKE_REAL]
    assert asked[2].one in (LIKE_REAL.one, LIKE_REAL.one + 0.3)
    assert asked[2].kick != 0


def test_what_other_seeds_do_not_confirm_is_not_kept() -> None:
    def write(touch: Touch, seeds: Sequence[int]) -> Floats:
        chosen_by = seeds[0] == EFFORT.chosen_by[0]
        return measured(touch if chosen_by or touch == PLAIN else Touch(one=-4.0), seeds)

    tuned = tune(write, AIM, {"at present": PLAIN}, EFFORT, print)
    assert tuned.kept == "at present"
    assert tuned.touch == PLAIN


def test_a_metric_that_no_song_has_pulls_nowhere() -> None:
    blind = Aim(NAMES, np.where(np.arange(4) == 2, np.nan, AIM.table), AIM.songs)
    tuned = tune(measured, blind, {"none": PLAIN}, EFFORT, print)
    assert tuned.touch.one == pytest.approx(LIKE_REAL.one, abs=0.5)
    assert np.isfinite(blind.distance(tuned.tables[FOUND]))
