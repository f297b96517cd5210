"""Who waits and who runs. No torch here: it moves sequences between a waiting line and slots."""

from dataclasses import dataclass

from inference.engine.sequence import Sequence
from inference.engine.turns import NestedTurns

PATIENCE = 32  # songs that came later and may go first


@dataclass(slots=True)
class _Ticket:
    """A place in the line; `overtaken` counts the songs that came later and went first."""

    sequence: Sequence
    overtaken: int = 0


class Scheduler:
    """A fair line before a fixed number of slots.

    People go before the daily clock; among them clients (guilds, workspaces) take turns, and within a client its users
    do; each user's songs keep their order. Nobody is overtaken by more than `patience` later comers: a wait is bounded
    by what was ahead on arrival. A sequence under suspicion of having broken the worker runs alone, so that it can harm
    nobody else.
    """

    def __init__(self, slots: int, patience: int = PATIENCE) -> None:
        self._patience = patience
        self._suspects: set[str] = set()
        self._first: list[Sequence] = []
        self._line: list[_Ticket] = []
        self._turns = NestedTurns()
        self._running: dict[int, Sequence] = {}
        self._free = list(range(slots - 1, -1, -1))

    @property
    def waiting_count(self) -> int:
        return len(self._first) + len(self._line)

    @property
    def running(self) -> list[Sequence]:
        """Sequences that hold a slot."""
        return list(self._running.values())

    @property
    def has_work(self) -> bool:
        return bool(self._first or self._line or self._running)

    def add(self, sequence: Sequence) -> None:
        self._line.append(_Ticket(sequence))

    def add_first(self, sequence: Sequence, *, alone: bool) -> None:
        """Puts a sequence before everybody who waits; `alone` keeps all others out while it runs."""
        self._first.insert(0, sequence)
        if alone:
            self._suspects.add(sequence.job.id)

    def admit(self) -> list[Sequence]:
        """Moves sequences from the line into free slots, lowest slot first; returns those moved."""
        admitted = []
        while self._free and (sequence := self._next()) is not None and not self._must_wait(sequence):
            self._take(sequence)
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

    def find(self, job_id: str) -> Sequence | None:
        """The waiting or running sequence of a job."""
        return next((sequence for sequence in self._everyone() if sequence.job.id == job_id), None)

    def take_cancelled(self) -> list[Sequence]:
        """Takes out everybody who was cancelled, waiting or running."""
        return self._take_out([sequence for sequence in self._everyone() if sequence.is_cancelled])

    def take_late(self, now_s: float) -> list[Sequence]:
        """Takes out everybody whose deadline is over, waiting or running."""
        return self._take_out([sequence for sequence in self._everyone() if sequence.deadline_s <= now_s])

    def drain(self) -> list[Sequence]:
        """Takes everybody out, waiting or running."""
        return self._take_out(self._everyone())

    def _next(self) -> Sequence | None:
        """Whoever would take the next slot."""
        if self._first:
            return self._first[0]
        # The first in the line is never overtaken less often than those behind.
        if self._line and self._line[0].overtaken >= self._patience:
            return self._line[0].sequence
        return min((ticket.sequence for ticket in self._line), key=self._rank, default=None)

    def _rank(self, sequence: Sequence) -> tuple[bool, tuple[int, int]]:
        job = sequence.job
        return job.scheduled, self._turns.of(job.client, job.user)

    def _take(self, sequence: Sequence) -> None:
        """Takes the sequence that is next out of the line."""
        if self._first:
            self._first.remove(sequence)
            return
        for index, ticket in enumerate(self._line):
            if ticket.sequence is sequence:
                del self._line[index]
                break
            ticket.overtaken += 1
        self._turns.take(sequence.job.client, sequence.job.user)
        self._turns.forget_all_but({ticket.sequence.job.client for ticket in self._line})

    def _take_out(self, leaving: list[Sequence]) -> list[Sequence]:
        for sequence in leaving:
            if self._running.get(sequence.slot) is sequence:
                self.release(sequence)
            self._suspects.discard(sequence.job.id)
        self._first = [sequence for sequence in self._first if sequence not in leaving]
        self._line = [ticket for ticket in self._line if ticket.sequence not in leaving]
        return leaving

    def _must_wait(self, sequence: Sequence) -> bool:
        """Whether company keeps it out of a free slot."""
        return any(self._is_suspect(one) for one in (sequence, *self.running)) and bool(self._running)

    def _is_suspect(self, sequence: Sequence) -> bool:
        return sequence.job.id in self._suspects

    def _everyone(self) -> list[Sequence]:
        return [*self._first, *(ticket.sequence for ticket in self._line), *self._running.values()]
