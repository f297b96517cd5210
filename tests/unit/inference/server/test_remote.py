"""Songs that are written elsewhere: their events arrive in order, and one whose writer dies is written by another."""

import asyncio
import queue
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inference.engine.contract import BarWritten, Cancelled, ComposeJob, EngineEvent, Failed, Finished, Started
from inference.music.genre import load_catalogue
from inference.music.spec import SamplingParams, SongSpec
from inference.server.remote import MAX_TRIES, Compose, Lost, RemoteEngine
from tests.fakes.engine import score_of

WAIT_S = 10.0
SPEC = load_catalogue(Path("configs/genres.toml")).complete(SongSpec((("metal", 1.0),), bars=4), 7)


def job(id: str = "song", deadline_s: float | None = None) -> ComposeJob:
    return ComposeJob(id, SPEC, SamplingParams(7), client="guild", deadline_s=deadline_s)


@dataclass
class Writers:
    """Each song goes to the next of them; those that are `mortal` die after so many bars."""

    mortal: list[int] = field(default_factory=list)
    asked: list[ComposeJob] = field(default_factory=list)

    async def compose(self, job: ComposeJob) -> AsyncGenerator[EngineEvent, None]:
        self.asked.append(job)
        lives = self.mortal.pop(0) if self.mortal else None
        yield Started(job.id)
        for bar in range(1, 5):
            if lives is not None and bar > lives:
                raise Lost("its process is gone")
            yield BarWritten(job.id, bar)
        yield Finished(job.id, score_of(job.spec, job.sampling.seed), 40, 0.1)


class Ear:
    """Collects a job's events; they come from another thread."""

    def __init__(self) -> None:
        self._heard: queue.SimpleQueue[EngineEvent] = queue.SimpleQueue()

    def listen(self, event: EngineEvent) -> None:
        self._heard.put(event)

    def all(self) -> list[EngineEvent]:
        """Every event up to and with the last."""
        events: list[EngineEvent] = []
        while not (events and isinstance(events[-1], Finished | Failed | Cancelled)):
            events.append(self._heard.get(timeout=WAIT_S))
        return events

    def next(self) -> EngineEvent:
        return self._heard.get(timeout=WAIT_S)


@contextmanager
def running(compose: Compose) -> Iterator[RemoteEngine]:
    engine = RemoteEngine(compose, "weights", 8)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
    assert not engine.is_alive


def told(engine: RemoteEngine, asked: ComposeJob) -> list[EngineEvent]:
    ear = Ear()
    engine.submit(asked, ear.listen)
    return ear.all()


def test_a_song_is_told_as_it_is_written() -> None:
    with running(Writers().compose) as engine:
        events = told(engine, job())
        assert engine.stats().steps == 40
    assert events[:-1] == [Started("song"), *(BarWritten("song", bar) for bar in range(1, 5))]
    assert isinstance(events[-1], Finished)


def test_a_song_whose_writer_dies_is_written_by_another_and_nobody_hears_an_error() -> None:
    writers = Writers(mortal=[2, 0])
    with running(writers.compose) as engine:
        events = told(engine, job())
        assert engine.stats().restarts == 2
    assert isinstance(events[-1], Finished)
    assert {event.job_id for event in events} == {"song"}
    assert [asked.id for asked in writers.asked] == ["song", "song~2", "song~3"]
    assert {(asked.spec, asked.sampling, asked.client) for asked in writers.asked} == {
        (SPEC, SamplingParams(7), "guild")
    }


def test_a_song_that_kills_everybody_who_writes_it_is_given_up_alone() -> None:
    writers = Writers(mortal=[0] * MAX_TRIES)
    with running(writers.compose) as engine:
        assert isinstance(told(engine, job("deadly"))[-1], Failed)
        assert isinstance(told(engine, job("harmless"))[-1], Finished)
    assert len(writers.asked) == MAX_TRIES + 1


def test_what_breaks_in_one_song_is_said_and_not_tried_again() -> None:
    async def broken(job: ComposeJob) -> AsyncGenerator[EngineEvent, None]:
        yield Started(job.id)
        raise ValueError("no such notes")

    with running(broken) as engine:
        assert told(engine, job()) == [Started("song"), Failed("song", "ValueError: no such notes")]
        assert engine.stats().running == 0


class Endless:
    """Writes for ever, and notes who was left early."""

    def __init__(self) -> None:
        self.left: queue.SimpleQueue[str] = queue.SimpleQueue()

    async def compose(self, job: ComposeJob) -> AsyncGenerator[EngineEvent, None]:
        try:
            yield Started(job.id)
            await asyncio.Event().wait()
        finally:
            self.left.put(job.id)


def test_a_cancelled_song_is_cancelled_where_it_is_written() -> None:
    endless, ear = Endless(), Ear()
    with running(endless.compose) as engine:
        engine.submit(job(), ear.listen)
        assert ear.next() == Started("song")
        assert engine.stats().running == 1
        engine.cancel("song")
        engine.cancel("nobody's")
        assert ear.next() == Cancelled("song")
    assert endless.left.get(timeout=WAIT_S) == "song"


def test_an_engine_that_stops_cancels_what_runs() -> None:
    endless, ear = Endless(), Ear()
    with running(endless.compose) as engine:
        engine.submit(job(), ear.listen)
        assert ear.next() == Started("song")
    assert ear.next() == Cancelled("song")


def test_time_that_was_lost_with_a_writer_counts() -> None:
    writers = Writers(mortal=[1])
    with running(writers.compose) as engine:
        told(engine, job(deadline_s=60.0))
    first, second = (asked.deadline_s for asked in writers.asked)
    assert first is not None
    assert second is not None
    assert second < first <= 60.0
