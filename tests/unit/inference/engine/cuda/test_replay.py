"""Graphs are captured by whichever thread needs one first; a card is not needed to see in which order."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from inference.engine.cuda.replay import Replay

CARD = torch.device("cuda")


class Log:
    """Stands for a network on a card: notes what happened, and in which thread."""

    device = CARD

    def __init__(self) -> None:
        self.happened: list[tuple[str, int]] = []

    @property
    def blind(self) -> None:
        self.note("memory")

    def note(self, what: str) -> None:
        self.happened.append((what, threading.get_ident()))

    def begin(self) -> None:
        self.note("products")

    def step(self, rows: int, *, guided: bool) -> None:
        self.note(f"step {rows}{' guided' * guided}")


class Graph:
    """Takes a step down and gives it again."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def replay(self) -> None:
        self._log.note("replay")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    log = Log()

    @contextmanager
    def stream(_stream: object) -> Iterator[None]:
        yield

    @contextmanager
    def graph(_graph: Graph, **_how: object) -> Iterator[None]:
        log.note("capture")
        yield
        log.note("captured")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: object())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: Graph(log))
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: log.note("wait"))
    return log


def test_memory_is_there_before_the_first_step_and_everything_runs_once_before_it_is_captured(log: Log) -> None:
    Replay(log).prepare([16, 64])  # type: ignore[arg-type]
    done = [what for what, _ in log.happened]
    assert done[:4] == ["wait", "step 16", "step 64", "wait"]
    assert done[4:] == ["products", "capture", "step 16", "captured", "products", "capture", "step 64", "captured"]


def test_a_thread_that_captures_has_multiplied_before(log: Log) -> None:
    replay = Replay(log)  # type: ignore[arg-type]
    replay.prepare([16])
    prepared = len(log.happened)
    engine = threading.Thread(target=lambda: replay.step(16, guided=True))
    engine.start()
    engine.join()
    later = log.happened[prepared:]
    assert [what for what, _ in later] == ["memory", "products", "capture", "step 16 guided", "captured", "replay"]
    assert {thread for _, thread in later} == {engine.ident}
