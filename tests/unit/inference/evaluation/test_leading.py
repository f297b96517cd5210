"""A touch is found for songs that answer to it, and kept only if other seeds agree."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from inference.critic.lines import Floats
from inference.evaluation.leading import FOUND, Aim, Effort, Start, tune
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


AIM = Aim(NAMES, measured(LIKE_REAL, range(60)), tuple(range(60)), np.array((4, 4, 0.1, 1)))


def test_what_is_missing_is_made_up_for() -> None:
    tuned = tune(measured, AIM, Start({"none": PLAIN}), EFFORT, print)
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

    tune(write, AIM, Start({"none": PLAIN, "near": LIKE_REAL}), EFFORT, print)
    assert asked[:2] == [PLAIN, LIKE_REAL]
    assert asked[2].one in (LIKE_REAL.one, LIKE_REAL.one + 0.3)
    assert asked[2].kick != 0


def test_what_other_seeds_do_not_confirm_is_not_kept() -> None:
    def write(touch: Touch, seeds: Sequence[int]) -> Floats:
        chosen_by = seeds[0] == EFFORT.chosen_by[0]
        return measured(touch if chosen_by or touch == PLAIN else Touch(one=-4.0), seeds)

    tuned = tune(write, AIM, Start({"at present": PLAIN}), EFFORT, print)
    assert tuned.kept == "at present"
    assert tuned.touch == PLAIN


def test_a_metric_that_no_song_has_pulls_nowhere() -> None:
    blind = replace(AIM, table=np.where(np.arange(4) == 2, np.nan, AIM.table))
    tuned = tune(measured, blind, Start({"none": PLAIN}), EFFORT, print)
    assert tuned.touch.one == pytest.approx(LIKE_REAL.one, abs=0.5)
    assert np.isfinite(blind.distance(tuned.tables[FOUND]))


def test_a_genre_like_another_begins_with_its_answers() -> None:
    kin = tune(measured, AIM, Start({"none": PLAIN}), EFFORT, print)
    asked: list[Touch] = []

    def write(touch: Touch, seeds: Sequence[int]) -> Floats:
        asked.append(touch)
        return measured(touch, seeds)

    tuned = tune(write, AIM, Start({"none": PLAIN}, kin.answers), EFFORT, print)
    assert len(asked) == 1 + EFFORT.steps + 2, "no weight is asked for by itself"
    assert tuned.kept == FOUND
    fewer = kin.answers.among(("L2, %", "L16, %"), ("two", "unison"))
    assert fewer[0, 0] > 0
    assert not fewer[1].any()
    assert not fewer[:, 1].any()


def test_songs_that_break_their_wishes_count_only_as_such() -> None:
    right = measured(LIKE_REAL, range(100))
    half, few = right.copy(), right.copy()
    half[::2] = few[10:] = np.nan
    assert AIM.distance(half) == pytest.approx(AIM.distance(right), abs=0.5)
    assert AIM.distance(few) > AIM.distance(half) + 1.5
    assert np.isfinite(AIM.distance(np.full_like(right, np.nan)))
