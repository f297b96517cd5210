"""The engine proper: a thread that keeps the batch full."""

import threading
import time

import structlog

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
from inference.engine.runner import Runner
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.tokens.grammar import Rules

_log = structlog.get_logger()


class BatchEngine:
    """Implements `contract.Engine`: requests join and leave the batch at any step."""

    def __init__(self, runner: Runner, checkpoint: str, rules: Rules | None = None) -> None:
        self._runner = runner
        self._checkpoint = checkpoint
        self._rules = rules or Rules()
        self._scheduler = Scheduler(runner.slots)
        self._changed = threading.Condition()
        self._stopping = False
        self._steps = 0
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def checkpoint(self) -> str:
        return self._checkpoint

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: ComposeJob, listener: Listener) -> None:
        sequence = Sequence(job, listener, self._rules)
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
            return EngineStats(self._scheduler.waiting_count, running, self._runner.slots, self._steps)

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._scheduler.has_work)
                if self._stopping:
                    leaving = self._scheduler.drain()
                    break
                leaving = self._scheduler.take_cancelled()
                admitted = self._scheduler.admit()
                running = self._scheduler.running
            self._tell_cancelled(leaving)
            for sequence in admitted:
                self._admit(sequence)
            if running:
                self._step(running)
        self._tell_cancelled(leaving)

    def _admit(self, sequence: Sequence) -> None:
        sequence.started_s = time.monotonic()
        self._runner.join(sequence)
        self._tell(sequence, Started(sequence.job.id))

    def _step(self, running: list[Sequence]) -> None:
        try:
            self._runner.step(running)
        except Exception as error:  # noqa: BLE001  # whatever the model does, the thread must live and say so
            _log.exception("step failed", jobs=[sequence.job.id for sequence in running])
            for sequence in running:
                self._leave(sequence, Failed(sequence.job.id, f"{type(error).__name__}: {error}"))
            return
        with self._changed:
            self._steps += len(running)
        for sequence in running:
            bars = sequence.new_bars()
            if bars is not None:
                self._tell(sequence, BarWritten(sequence.job.id, bars))
            if sequence.is_finished:
                seconds = time.monotonic() - sequence.started_s
                self._leave(sequence, Finished(sequence.job.id, sequence.score(), sequence.fed, seconds))

    def _leave(self, sequence: Sequence, event: EngineEvent) -> None:
        with self._changed:
            self._scheduler.release(sequence)
        self._tell(sequence, event)

    def _tell_cancelled(self, sequences: list[Sequence]) -> None:
        for sequence in sequences:
            self._tell(sequence, Cancelled(sequence.job.id))

    def _tell(self, sequence: Sequence, event: EngineEvent) -> None:
        try:
            sequence.listener(event)
        except Exception:  # noqa: BLE001  # one listener's fault must not stop everybody's songs
            _log.exception("listener failed", job=sequence.job.id)
