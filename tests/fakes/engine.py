"""An engine that writes songs by rule, a bar at a time, when a test says so."""

import queue
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

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
from inference.music.pitch import Key
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import Player, SongSpec
from inference.music.units import PPQ

STEPS_A_BAR = 10
SECONDS_A_BAR = 0.02
_REGISTER = {"bass": 36, "drums": 36}


@dataclass
class _Running:
    job: ComposeJob
    listener: Listener
    bars_done: int = 0

    def tell(self, event: EngineEvent) -> None:
        self.listener(event)


class FakeEngine:
    """Keeps the engine's contract on a thread of its own; everything happens there, in the order it was asked for.

    With `free=True` it writes every song to its end at once. Otherwise songs take a slot as they come and then stand
    still: `write_bars` lets each running song write that many bars, `play_on` sets it free for good.
    """

    def __init__(self, *, slots: int = 2, checkpoint: str = "fake-weights", free: bool = False) -> None:
        self.submitted: list[ComposeJob] = []
        self.cancelled: list[str] = []
        self._checkpoint = checkpoint
        self._slots = slots
        self._free = free
        self._steps = 0
        self._refusing: str | None = None
        self._waiting: deque[_Running] = deque()
        self._running: dict[str, _Running] = {}
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="fake engine", daemon=True)

    @property
    def checkpoint(self) -> str:
        return self._checkpoint

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: ComposeJob, listener: Listener) -> None:
        self.submitted.append(job)
        self._asked.put(lambda: self._waiting.append(_Running(job, listener)))

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        self._asked.put(lambda: self._end(job_id, Cancelled(job_id)))

    def stats(self) -> EngineStats:
        return EngineStats(len(self._waiting), len(self._running), self._slots, self._steps)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._asked.put(None)
            self._thread.join()

    def die(self) -> None:
        """The thread ends as no thread should: without a word to anybody."""
        self._asked.put(self._vanish)
        self._thread.join()

    def write_bars(self, count: int = 1) -> None:
        """Every running song writes `count` bars; one that has all its bars is finished."""
        self._asked.put(lambda: self._write(count))

    def play_on(self) -> None:
        """From now on songs are written to their end as soon as they have a slot."""
        self._asked.put(lambda: setattr(self, "_free", True))

    def fail(self, job_id: str, reason: str) -> None:
        """The song breaks where it is."""
        self._asked.put(lambda: self._end(job_id, Failed(job_id, reason)))

    def refuse(self, reason: str) -> None:
        """Every song breaks as soon as it takes a slot."""
        self._asked.put(lambda: setattr(self, "_refusing", reason))

    def _vanish(self) -> None:
        self._waiting.clear()
        self._running.clear()
        self._asked.put(None)

    def _work(self) -> None:
        while (command := self._asked.get()) is not None:
            command()
            self._admit()
            while self._free and self._running:
                self._write(1)
                self._admit()
        for running in [*self._running.values(), *self._waiting]:
            running.tell(Cancelled(running.job.id))

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._slots:
            running = self._waiting.popleft()
            self._running[running.job.id] = running
            running.tell(Started(running.job.id))
            if self._refusing is not None:
                self._end(running.job.id, Failed(running.job.id, self._refusing))

    def _write(self, count: int) -> None:
        for _ in range(count):
            for running in list(self._running.values()):
                self._write_bar(running)

    def _write_bar(self, running: _Running) -> None:
        job, running.bars_done = running.job, running.bars_done + 1
        self._steps += STEPS_A_BAR
        running.tell(BarWritten(job.id, running.bars_done))
        bars = job.spec.bars or 0
        if running.bars_done >= bars:
            score = score_of(job.spec, job.sampling.seed)
            self._end(job.id, Finished(job.id, score, bars * STEPS_A_BAR, bars * SECONDS_A_BAR))

    def _end(self, job_id: str, event: EngineEvent) -> None:
        running = self._running.pop(job_id, None)
        if running is None:
            running = next((waiting for waiting in self._waiting if waiting.job.id == job_id), None)
            if running is None:
                return
            self._waiting.remove(running)
        running.tell(event)


def score_of(spec: SongSpec, seed: int) -> Score:
    """Quarters in the song's key for every player, the same for the same spec and seed."""
    meter, key = spec.meter or Meter(), spec.key or Key.parse("C")
    rng = random.Random(seed)
    tracks = tuple(_track(player, (spec.bars or 4) * meter.ticks, key, rng) for player in spec.roster or ())
    return Score(tracks, (TempoChange(0, spec.tempo or 120.0),), (MeterChange(0, meter),))


def _track(player: Player, end: int, key: Key, rng: random.Random) -> Track:
    base = _REGISTER.get(player.role, 60)
    scale = [base + step for step in range(12) if player.is_drum or (base + step) % 12 in key.pitch_classes]
    notes = tuple(Note(tick, rng.choice(scale), PPQ // 2, 96) for tick in range(0, end, PPQ))
    return Track(str(player.role).title(), player.program, player.is_drum, notes)
