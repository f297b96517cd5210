"""The engine thread: events in order, cancellation, failure, stop."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from inference.engine.contract import (
    BarWritten,
    Cancelled,
    ComposeJob,
    EngineEvent,
    Failed,
    Finished,
    Started,
)
from inference.engine.runner import Runner
from inference.engine.sequence import Sequence
from inference.engine.thread import MAX_BREAKS, MAX_TRIES, BatchEngine
from tests.unit.inference.engine.tiny import job, tiny_composer

PATIENCE_S = 60


class Inbox:
    """Collects a job's events."""

    def __init__(self) -> None:
        self._events: queue.Queue[EngineEvent] = queue.Queue()

    def __call__(self, event: EngineEvent) -> None:
        self._events.put(event)

    def next(self) -> EngineEvent:
        return self._events.get(timeout=PATIENCE_S)

    def until_final(self) -> list[EngineEvent]:
        events = [self.next()]
        while not isinstance(events[-1], Finished | Failed | Cancelled):
            events.append(self.next())
        return events


@pytest.fixture
def engine():
    made = BatchEngine(Runner(tiny_composer(), slots=2), "tiny")
    made.start()
    yield made
    made.stop()


def test_a_job_starts_writes_every_bar_in_order_and_finishes(engine: BatchEngine) -> None:
    inbox = Inbox()
    engine.submit(job("a", 1, bars=5), inbox)
    events = inbox.until_final()
    assert isinstance(events[0], Started)
    assert [event.bars_done for event in events if isinstance(event, BarWritten)] == [1, 2, 3, 4, 5]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.steps > 5
    assert len(last.score.tracks) == 4


def test_more_jobs_than_slots_all_finish(engine: BatchEngine) -> None:
    inboxes = [Inbox() for _ in range(5)]
    for number, inbox in enumerate(inboxes):
        engine.submit(job(str(number), number), inbox)
    assert all(isinstance(inbox.until_final()[-1], Finished) for inbox in inboxes)
    assert engine.stats().running == 0
    assert engine.stats().waiting == 0


def test_a_cancelled_job_frees_its_slot_for_the_next(engine: BatchEngine) -> None:
    long, following = [Inbox() for _ in range(2)], Inbox()
    for number, inbox in enumerate(long):
        engine.submit(job(f"long{number}", number, bars=64), inbox)
        assert isinstance(inbox.next(), Started)
    engine.submit(job("next", 9), following)
    engine.cancel("long0")
    assert isinstance(long[0].until_final()[-1], Cancelled)
    assert isinstance(following.until_final()[-1], Finished)


def test_a_waiting_job_can_be_cancelled(engine: BatchEngine) -> None:
    blockers = [Inbox() for _ in range(2)]
    for number, blocker in enumerate(blockers):
        engine.submit(job(f"blocker{number}", number, bars=64), blocker)
    waiting = Inbox()
    engine.submit(job("waiting", 3), waiting)
    engine.cancel("waiting")
    assert isinstance(waiting.next(), Cancelled)


class Faulty(Runner):
    """Breaks whenever `breaks` says so of the songs in the batch."""

    def __init__(self, breaks: Callable[[list[str]], bool]) -> None:
        super().__init__(tiny_composer(), slots=2)
        self._breaks = breaks
        self.batches: list[list[str]] = []

    def step(self, sequences: list[Sequence]) -> None:
        ids = [sequence.job.id for sequence in sequences]
        if ids not in self.batches[-1:]:
            self.batches.append(ids)
        if self._breaks(ids):
            raise RuntimeError("no more numbers")
        super().step(sequences)


@contextmanager
def running(runner: Runner) -> Iterator[BatchEngine]:
    engine = BatchEngine(runner, "tiny")
    engine.start()
    yield engine
    engine.stop()


def test_a_worker_that_breaks_once_starts_over_and_writes_the_same_song(engine: BatchEngine) -> None:
    untroubled, troubled, countdown = Inbox(), Inbox(), iter([False] * 5 + [True])
    engine.submit(job("a", 1), untroubled)
    with running(Faulty(lambda _: next(countdown, False))) as broken:
        broken.submit(job("a", 1), troubled)
        events, finished = untroubled.until_final(), troubled.until_final()[-1]
        assert broken.stats().restarts == 1
        assert broken.is_alive
    assert isinstance(finished, Finished)
    assert isinstance(events[-1], Finished)
    assert finished.score == events[-1].score


def test_a_song_that_breaks_the_worker_fails_and_its_company_does_not() -> None:
    poison, good = Inbox(), Inbox()
    runner = Faulty(lambda ids: "poison" in ids)
    with running(runner) as engine:
        engine.submit(job("poison", 1), poison)
        engine.submit(job("good", 2), good)
        failed, finished = poison.until_final()[-1], good.until_final()[-1]
        assert engine.stats().restarts == MAX_TRIES
    assert isinstance(failed, Failed)
    assert "no more numbers" in failed.reason
    assert isinstance(finished, Finished)
    assert runner.batches[-2:] == [["poison"], ["good"]]


def test_a_worker_that_only_ever_breaks_gives_up_and_says_so() -> None:
    inboxes = [Inbox() for _ in range(MAX_BREAKS)]
    with running(Faulty(lambda _: True)) as engine:
        for number, inbox in enumerate(inboxes):
            engine.submit(job(str(number), number), inbox)
        assert isinstance(inboxes[0].until_final()[-1], Failed)
        engine._thread.join(PATIENCE_S)
        assert not engine.is_alive


def test_a_worker_that_stands_still_counts_as_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    stands, goes_on = threading.Event(), threading.Event()

    def wait(_: list[str]) -> bool:
        stands.set()
        return not goes_on.wait(PATIENCE_S)

    with running(Faulty(wait)) as engine:
        assert engine.is_alive
        engine.submit(job("a", 1), Inbox())
        assert stands.wait(PATIENCE_S)
        monkeypatch.setattr("inference.engine.thread.STALLED_S", 0.0)
        assert not engine.is_alive
        goes_on.set()


def test_stopping_cancels_what_runs() -> None:
    engine = BatchEngine(Runner(tiny_composer(), slots=1), "tiny")
    engine.start()
    inbox = Inbox()
    engine.submit(job("a", 1, bars=64), inbox)
    assert isinstance(inbox.next(), Started)
    engine.stop()
    assert isinstance(inbox.until_final()[-1], Cancelled)


def test_an_incomplete_spec_is_refused_at_the_door(engine: BatchEngine) -> None:
    whole = job("a", 1)
    with pytest.raises(ValueError, match="complete"):
        engine.submit(ComposeJob("a", replace(whole.spec, bars=None), whole.sampling), Inbox())


def test_a_song_whose_time_is_over_fails_and_frees_its_slot(engine: BatchEngine) -> None:
    inbox, following = [Inbox() for _ in range(3)], Inbox()
    for number, one in enumerate(inbox):
        engine.submit(replace(job(f"late{number}", number, bars=64), deadline_s=0.0), one)
    engine.submit(job("next", 9), following)
    for one in inbox:
        last = one.until_final()[-1]
        assert isinstance(last, Failed)
        assert "time was over" in last.reason
    assert isinstance(following.until_final()[-1], Finished)
