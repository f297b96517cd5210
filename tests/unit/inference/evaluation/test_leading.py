"""A touch is found for songs that answer to it, and kept only if other seeds agree."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from inference.evaluation.leading import FOUND, HALF_WAY, Aim, Answers, Effort, Songs, Start, ask, tune
from inference.music.touch import PLAIN, Touch

NAMES = ("L1, %", "L2, %", "kick and bass onset F1 − shuffled", "groove consistency, %")
LIKE_REAL = Touch(one=0.9, two=-0.6, kick=1.6)
EFFORT = Effort(songs=16, seed=100, steps=4)
SPREADS = np.array((8, 8, 0.2, 2))


def answer(touch: Touch) -> list[float]:
    """What a song measures on average."""
    return [30 + 10 * touch.one + 2 * touch.two, 33 + 12 * touch.two, np.tanh(touch.kick / 4), 90 - touch.one]


def measured(touch: Touch, seeds: Sequence[int]) -> Songs:
    """Songs that differ by seed, much more than touches make them differ; two of three keep their wishes."""
    table = np.array([np.random.default_rng(seed).normal(answer(touch), SPREADS) for seed in seeds])
    return Songs(table, np.array([seed % 3 > 0 for seed in seeds]))


AIM = Aim(NAMES, measured(LIKE_REAL, range(60)).table, tuple(range(60)), SPREADS / 2)
ANSWERS = ask(measured, AIM, PLAIN, EFFORT)
NO_CHOICE = np.zeros(len(NAMES))


def test_what_is_missing_is_made_up_for() -> None:
    tuned = tune(measured, AIM, Start({"none": PLAIN}, ANSWERS), EFFORT, print)
    assert tuned.kept == FOUND
    none, found = (AIM.distance(tuned.songs[name], tuned.choice) for name in ("none", FOUND))
    assert found < 0.5 * none
    assert tuned.touch.one == pytest.approx(LIKE_REAL.one, abs=0.5)
    assert tuned.touch.two == pytest.approx(LIKE_REAL.two, abs=0.5)
    assert tuned.touch.unison == 0, "no metric can answer to it"
    assert tuned.touches[HALF_WAY].one == pytest.approx(tuned.touch.one / 2, abs=0.01)


def test_the_search_begins_from_the_best_candidate() -> None:
    asked: list[Touch] = []

    def write(touch: Touch, seeds: Sequence[int]) -> Songs:
        asked.append(touch)
        return measured(touch, seeds)

    tune(write, AIM, Start({"none": PLAIN, "near": LIKE_REAL}, ANSWERS), EFFORT, print)
    assert asked[:2] == [PLAIN, LIKE_REAL]
    assert asked[2].one == pytest.approx(LIKE_REAL.one, abs=0.6)
    assert len(asked) == 2 + EFFORT.steps + 4, "what weights do is known"


def test_what_other_seeds_do_not_confirm_is_not_kept() -> None:
    def write(touch: Touch, seeds: Sequence[int]) -> Songs:
        chosen_by = seeds[0] == EFFORT.chosen_by[0]
        return measured(touch if chosen_by or touch == PLAIN else Touch(one=-4.0), seeds)

    tuned = tune(write, AIM, Start({"at present": PLAIN}, ANSWERS), EFFORT, print)
    assert tuned.kept == "at present"
    assert tuned.touch == PLAIN


def test_a_metric_that_no_song_has_pulls_nowhere() -> None:
    blind = replace(AIM, table=np.where(np.arange(4) == 2, np.nan, AIM.table))
    tuned = tune(measured, blind, Start({"none": PLAIN}, ask(measured, blind, PLAIN, EFFORT)), EFFORT, print)
    assert tuned.touch.one == pytest.approx(LIKE_REAL.one, abs=0.5)
    assert np.isfinite(blind.distance(tuned.songs[FOUND], tuned.choice))


def test_answers_are_averaged_over_the_genres_that_know() -> None:
    one = Answers({("L1, %", "one"): 1.0, ("L1, %", "kick"): 0.2}, {"L1, %": -0.5})
    other = Answers({("L1, %", "one"): 2.0}, {"L1, %": -0.1, "L2, %": 0.3})
    table, choice = Answers.mean([one, other]).among(("L2, %", "L1, %"), ("one", "kick", "unison"))
    assert table.tolist() == [[0, 0, 0], [1.5, 0.2, 0]]
    assert choice.tolist() == pytest.approx([0.3, -0.3])


def test_it_is_heeded_what_the_choice_of_songs_that_keep_their_wishes_does() -> None:
    def write(touch: Touch, seeds: Sequence[int]) -> Songs:
        songs = measured(touch, seeds)
        return replace(songs, kept=songs.table[:, 0] < answer(touch)[0])

    choice = ask(write, AIM, PLAIN, EFFORT).choice
    assert choice["L1, %"] < -0.5, "those repeat themselves less"
    assert abs(choice["L2, %"]) < 0.5
    right = measured(LIKE_REAL, range(200))
    assert AIM.distance(right, NO_CHOICE) < 0.2
    assert AIM.distance(right, np.array((-2.0, 0, 0, 0))) > 0.4


def test_a_touch_that_hardly_any_song_keeps_its_wishes_with_is_far_away() -> None:
    right = measured(LIKE_REAL, range(200))
    few = replace(right, kept=np.arange(200) < 60)
    assert AIM.distance(few, NO_CHOICE) > AIM.distance(right, NO_CHOICE) + 0.25
