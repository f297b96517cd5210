"""The engine thread: events in order, cancellation, failure, stop."""

import queue

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
from inference.engine.thread import BatchEngine
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


def test_a_failing_step_fails_its_songs_and_the_engine_lives_on() -> None:
    class Faulty(Runner):
        broken = True

        def step(self, sequences: list[Sequence]) -> None:
            if self.broken:
                self.broken = False
                raise RuntimeError("no more numbers")
            super().step(sequences)

    engine = BatchEngine(Faulty(tiny_composer(), slots=2), "tiny")
    engine.start()
    first, second = Inbox(), Inbox()
    engine.submit(job("first", 1), first)
    failed = first.until_final()[-1]
    assert isinstance(failed, Failed)
    assert "no more numbers" in failed.reason
    engine.submit(job("second", 2), second)
    assert isinstance(second.until_final()[-1], Finished)
    engine.stop()


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
    from dataclasses import replace

    with pytest.raises(ValueError, match="complete"):
        engine.submit(ComposeJob("a", replace(whole.spec, bars=None), whole.sampling), Inbox())
