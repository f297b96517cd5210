"""The engine proper: a thread that keeps the batch full."""

import threading
import time
from collections import Counter

import structlog

from inference.engine.batch import BatchRunner
from inference.engine.contract import (
    BarWritten,
    Cancelled,
    ComposeJob,
    EngineEvent,
    EngineStats,
    Failed,
    Finished,
    Listener,
    Started,
)
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.tokens.grammar import Rules

MAX_TRIES = 3  # of one song, when the worker breaks under it
MAX_BREAKS = 20  # in a row without a step in between: then starting over is no help
STALLED_S = 120.0  # for one step, first compilation included; a worker that takes longer counts as dead
STOP_S = 10.0
_log = structlog.get_logger()


class BatchEngine:
    """Implements `contract.Engine`: requests join and leave the batch at any step.

    When the worker breaks, it starts over and writes again what was running: the same job gives the same song. A song
    that was there twice runs alone the third time; if the worker breaks again, that song has failed, and only it.
    """

    def __init__(self, runner: BatchRunner, checkpoint: str, rules: Rules | None = None) -> None:
        self._runner = runner
        self._checkpoint = checkpoint
        self._rules = rules or Rules()
        self._scheduler = Scheduler(runner.slots)
        self._changed = threading.Condition()
        self._stopping = False
        self._steps = self._restarts = self._breaks_in_a_row = 0
        self._tries: Counter[str] = Counter()
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def checkpoint(self) -> str:
        return self._checkpoint

    @property
    def is_alive(self) -> bool:
        since = self._busy_since
        return self._thread.is_alive() and (since is None or time.monotonic() - since < STALLED_S)

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: ComposeJob, listener: Listener) -> None:
        sequence = Sequence(job, listener, self._rules)
        if job.deadline_s is not None:
            sequence.deadline_s = time.monotonic() + job.deadline_s
        with self._changed:
            self._scheduler.add(sequence)
            self._changed.notify()

    def cancel(self, job_id: str) -> None:
        with self._changed:
            sequence = self._scheduler.find(job_id)
            if sequence is not None:
                sequence.is_cancelled = True
                self._changed.notify()

    def stats(self) -> EngineStats:
        with self._changed:
            running = len(self._scheduler.running)
            return EngineStats(self._scheduler.waiting_count, running, self._runner.slots, self._steps, self._restarts)

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        """The worker, until it is stopped or breaks again and again without a step in between."""
        while not self._stopping and self._breaks_in_a_row < MAX_BREAKS:
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001  # whatever the model does, the songs must go on
                self._start_over(error)
        if not self._stopping:
            _log.critical("engine gives up", breaks=self._breaks_in_a_row)
            return
        with self._changed:
            leaving = self._scheduler.drain()
        self._tell_cancelled(leaving)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._busy_since = None
                self._changed.wait_for(lambda: self._stopping or self._scheduler.has_work)
                self._busy_since = time.monotonic()
                if self._stopping:
                    return
                leaving = self._scheduler.take_cancelled()
                late = self._scheduler.take_late(time.monotonic())
                admitted = self._scheduler.admit()
                running = self._scheduler.running
            self._tell_cancelled(leaving)
            for sequence in late:
                self._forget(sequence, Failed(sequence.job.id, "its time was over before it was finished"))
            for sequence in admitted:
                self._admit(sequence)
            if running:
                self._step(running)

    def _start_over(self, error: BaseException) -> None:
        """Puts what was running back to the head of the line; a song that had its tries has failed."""
        self._breaks_in_a_row += 1
        with self._changed:
            self._restarts += 1
            lost = self._scheduler.running
            for sequence in lost:
                self._scheduler.release(sequence)
                self._tries[sequence.job.id] += 1
            again = [sequence for sequence in lost if self._tries[sequence.job.id] < MAX_TRIES]
            for sequence in reversed(again):
                alone = self._tries[sequence.job.id] == MAX_TRIES - 1
                fresh = Sequence(sequence.job, sequence.listener, self._rules)
                fresh.is_cancelled, fresh.deadline_s = sequence.is_cancelled, sequence.deadline_s
                self._scheduler.add_first(fresh, alone=alone)
        _log.error("engine worker broke and starts over", jobs=[one.job.id for one in lost], exc_info=error)
        for sequence in lost:
            if sequence not in again:
                self._forget(sequence, Failed(sequence.job.id, f"{type(error).__name__}: {error}"))

    def _admit(self, sequence: Sequence) -> None:
        sequence.started_s = time.monotonic()
        self._runner.join(sequence)
        _log.info("song takes a slot", request_id=sequence.job.id, slot=sequence.slot)
        self._tell(sequence, Started(sequence.job.id))

    def _step(self, running: list[Sequence]) -> None:
        self._runner.step(running)
        self._breaks_in_a_row = 0
        with self._changed:
            self._steps += len(running)
        for sequence in running:
            self._tell_news(sequence)

    def _tell_news(self, sequence: Sequence) -> None:
        """A bar, the whole song, or that these very notes make none."""
        bars = sequence.new_bars()
        if bars is not None:
            self._tell(sequence, BarWritten(sequence.job.id, bars))
        if not sequence.is_finished:
            return
        seconds = time.monotonic() - sequence.started_s
        event: EngineEvent
        try:
            event = Finished(sequence.job.id, sequence.score(), sequence.fed, seconds)
        except Exception as error:  # noqa: BLE001  # only this song is lost
            _log.exception("notes make no score", request_id=sequence.job.id)
            event = Failed(sequence.job.id, f"{type(error).__name__}: {error}")
        _log.info("song written", request_id=sequence.job.id, steps=sequence.fed, seconds=round(seconds, 3))
        with self._changed:
            self._scheduler.release(sequence)
        self._forget(sequence, event)

    def _tell_cancelled(self, sequences: list[Sequence]) -> None:
        for sequence in sequences:
            self._forget(sequence, Cancelled(sequence.job.id))

    def _forget(self, sequence: Sequence, event: EngineEvent) -> None:
        """The last that is heard of a job."""
        self._tries.pop(sequence.job.id, None)
        self._tell(sequence, event)

    def _tell(self, sequence: Sequence, event: EngineEvent) -> None:
        try:
            sequence.listener(event)
        except Exception:  # noqa: BLE001  # one listener's fault must not stop everybody's songs
            _log.exception("listener failed", job=sequence.job.id)
