"""The engine's thread with a runner that reads what was written a step late."""

import threading

import pytest
import torch

from inference.engine.contract import BarWritten, EngineEvent, Finished
from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.kernels import HostKernels
from inference.engine.cuda.runner import CardRunner
from inference.engine.runner import Runner
from inference.engine.thread import BatchEngine
from tests.unit.inference.engine.tiny import job, tiny_composer

CPU = torch.device("cpu")
SONGS = 5
LONGEST_S = 60.0


def songs_of(engine: BatchEngine) -> tuple[dict[str, Finished], list[EngineEvent]]:
    finished: dict[str, Finished] = {}
    events: list[EngineEvent] = []
    done = threading.Event()

    def listen(event: EngineEvent) -> None:
        events.append(event)
        if isinstance(event, Finished):
            finished[event.job_id] = event
        if len(finished) == SONGS:
            done.set()

    engine.start()
    for seed in range(SONGS):
        engine.submit(job(str(seed), seed), listen)
    assert done.wait(LONGEST_S)
    engine.stop()
    return finished, events


def test_songs_bars_and_step_counts_are_those_of_the_reference() -> None:
    try:
        HostKernels()
    except CardUnavailable as error:
        pytest.skip(str(error))
    written, events = songs_of(BatchEngine(CardRunner(tiny_composer(), 2, CPU, late=1), "tiny"))
    expected, _ = songs_of(BatchEngine(Runner(tiny_composer(), 2, CPU), "tiny"))
    for name, one in expected.items():
        assert (written[name].score, written[name].steps) == (one.score, one.steps)
    bars = [event.bars_done for event in events if isinstance(event, BarWritten) and event.job_id == "0"]
    assert bars == [1, 2, 3, 4]
