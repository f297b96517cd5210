"""The engine's thread with a runner that reads what was written a step late."""

import queue
import threading

import pytest
import torch

from inference.engine.contract import BarWritten, EngineEvent, Failed, Finished
from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.kernels import HostKernels
from inference.engine.cuda.runner import CardRunner
from inference.engine.runner import Runner
from inference.engine.thread import BatchEngine
from tests.unit.inference.engine.cuda.songs import written
from tests.unit.inference.engine.tiny import job, tiny_composer
from tests.unit.inference.engine.writing import guided

CPU = torch.device("cpu")
SONGS = 5
LONGEST_S = 60.0


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("NO CUDA CARD HERE: what a card writes was NOT checked")
    try:
        HostKernels()
    except CardUnavailable as error:
        pytest.skip(str(error))
    return torch.device(request.param)


def test_a_guided_song_that_comes_to_a_thread_of_its_own_is_the_song_written_here(device: torch.device) -> None:
    wanted = guided(job("a", 3), 2.0)
    engine = BatchEngine(CardRunner(tiny_composer(), 2, device, late=1), "tiny")
    ended: queue.SimpleQueue[EngineEvent] = queue.SimpleQueue()
    engine.start()
    engine.submit(wanted, ended.put)
    while not isinstance(event := ended.get(timeout=LONGEST_S), Finished | Failed):
        pass
    engine.stop()
    assert isinstance(event, Finished), event
    assert event.steps == len(written(CardRunner(tiny_composer(), 2, device, late=0), wanted, 0)) - 1


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
