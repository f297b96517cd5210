"""Who waits and who runs. No torch here: it moves sequences between a waiting line and slots."""

from collections import deque

from inference.engine.sequence import Sequence


class Scheduler:
    """First come, first served, over a fixed number of slots.

    A sequence under suspicion of having broken the worker runs alone, so that it can harm nobody else.
    """

    def __init__(self, slots: int) -> None:
        self._suspects: set[str] = set()
        self._waiting: deque[Sequence] = deque()
        self._running: dict[int, Sequence] = {}
        self._free = list(range(slots - 1, -1, -1))

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> list[Sequence]:
        """Sequences that hold a slot."""
        return list(self._running.values())

    @property
    def has_work(self) -> bool:
        return bool(self._waiting or self._running)

    def add(self, sequence: Sequence) -> None:
        self._waiting.append(sequence)

    def admit(self) -> list[Sequence]:
        """Moves sequences from the line into free slots, lowest slot first; returns those moved."""
        admitted = []
        while self._waiting and self._free and not self._must_wait(self._waiting[0]):
            sequence = self._waiting.popleft()
            sequence.slot = self._free.pop()
            self._running[sequence.slot] = sequence
            admitted.append(sequence)
        return admitted

    def release(self, sequence: Sequence) -> None:
        """Takes back the slot of a running sequence."""
        del self._running[sequence.slot]
        self._suspects.discard(sequence.job.id)
        self._free.append(sequence.slot)
        self._free.sort(reverse=True)

    def add_first(self, sequence: Sequence, *, alone: bool) -> None:
        """Puts a sequence before everybody who waits; `alone` keeps all others out while it runs."""
        self._waiting.appendleft(sequence)
        if alone:
            self._suspects.add(sequence.job.id)

    def find(self, job_id: str) -> Sequence | None:
        """The waiting or running sequence of a job."""
        return next((sequence for sequence in self._everyone() if sequence.job.id == job_id), None)

    def take_cancelled(self) -> list[Sequence]:
        """Takes out everybody who was cancelled, waiting or running."""
        cancelled = [sequence for sequence in self._everyone() if sequence.is_cancelled]
        for sequence in cancelled:
            if sequence.slot in self._running:
                self.release(sequence)
            else:
                self._waiting.remove(sequence)
                self._suspects.discard(sequence.job.id)
        return cancelled

    def drain(self) -> list[Sequence]:
        """Takes everybody out, waiting or running."""
        everyone = self._everyone()
        self._waiting.clear()
        for sequence in self.running:
            self.release(sequence)
        return everyone

    def _must_wait(self, sequence: Sequence) -> bool:
        """Whether company keeps it out of a free slot."""
        return any(self._is_suspect(one) for one in (sequence, *self.running)) and bool(self._running)

    def _is_suspect(self, sequence: Sequence) -> bool:
        return sequence.job.id in self._suspects

    def _everyone(self) -> list[Sequence]:
        return [*self._waiting, *self._running.values()]
