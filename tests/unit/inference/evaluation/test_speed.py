"""Repeated measurements in a few numbers, and steps counted while songs follow one another."""

import pytest

from inference.engine.contract import ComposeJob
from inference.engine.runner import Runner
from inference.engine.thread import BatchEngine
from inference.evaluation.speed import steps_per_s
from inference.evaluation.spread import Spread
from tests.unit.inference.engine.tiny import job, tiny_composer


def test_a_spread_names_middle_and_edges_in_any_order() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(count=3, median=2.0, p99=3.0, low=1.0, high=3.0)


def test_the_99th_percentile_leaves_out_one_value_in_a_hundred() -> None:
    assert Spread.of([float(number) for number in range(100)]).p99 == 98.0
    assert Spread.of([float(number) for number in range(99)]).p99 == 98.0


def test_nothing_measured_is_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_steps_are_counted_while_songs_end_and_others_begin() -> None:
    begun: list[int] = []
    engine = BatchEngine(Runner(tiny_composer(), slots=2), "tiny")

    def next_job(number: int) -> ComposeJob:
        begun.append(number)
        return job(f"song-{number}", number)

    speed = steps_per_s(engine, next_job, 2, window_s=1.0)
    assert speed > 0
    assert begun == list(range(len(begun)))
    assert len(begun) > 2
    assert engine.stats().running == 0
