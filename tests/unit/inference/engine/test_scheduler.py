"""The line: no slot leaked, nobody starved, nothing lost, and an order that is fair."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inference.engine.contract import ComposeJob
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.tokens.grammar import Rules
from tests.unit.inference.engine.tiny import job

_PLAIN = job("plain", 1)
_RULES = Rules()


def waiting(id: str, client: str = "", user: str = "", *, scheduled: bool = False) -> Sequence:
    wanted = ComposeJob(id, _PLAIN.spec, _PLAIN.sampling, client, user, scheduled)
    return Sequence(wanted, lambda event: None, _RULES)


def served(scheduler: Scheduler) -> str:
    """The order in which those in the line get the one slot."""
    order = []
    while admitted := scheduler.admit():
        order += [sequence.job.id for sequence in admitted]
        for sequence in admitted:
            scheduler.release(sequence)
    return " ".join(order)


def test_clients_take_turns_however_much_one_of_them_asks_for() -> None:
    scheduler = Scheduler(slots=1)
    for name, client in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")):
        scheduler.add(waiting(name, client))
    assert served(scheduler) == "a1 b1 c1 a2 b2 a3"


def test_users_of_one_client_take_turns_too() -> None:
    scheduler = Scheduler(slots=1)
    for name, client, user in (
        ("a1", "a", "x"),
        ("a2", "a", "x"),
        ("a3", "a", "y"),
        ("b1", "b", "z"),
        ("a4", "a", "x"),
    ):
        scheduler.add(waiting(name, client, user))
    assert served(scheduler) == "a1 b1 a3 a2 a4"


def test_whoever_waits_at_a_screen_goes_before_the_clock() -> None:
    scheduler = Scheduler(slots=1)
    for name, scheduled in (("daily", True), ("one", False), ("two", False)):
        scheduler.add(waiting(name, scheduled=scheduled))
    assert served(scheduler) == "one two daily"


def test_a_stream_of_newcomers_does_not_starve_a_scheduled_song() -> None:
    scheduler = Scheduler(slots=1, patience=3)
    scheduler.add(waiting("daily", scheduled=True))
    order = []
    for number in range(6):
        scheduler.add(waiting(str(number), client=str(number)))
        (sequence,) = scheduler.admit()
        order.append(sequence.job.id)
        scheduler.release(sequence)
    assert order == ["0", "1", "2", "daily", "3", "4"]


def test_a_client_that_had_many_songs_is_not_passed_for_ever_by_new_ones() -> None:
    scheduler = Scheduler(slots=1, patience=5)
    for number in range(8):
        scheduler.add(waiting(f"a{number}", "a"))
    place = []
    for number in range(60):
        scheduler.add(waiting(f"n{number}", client=f"n{number}"))
        (sequence,) = scheduler.admit()
        place.append(sequence.job.client)
        scheduler.release(sequence)
    assert place.count("a") == 8


class Line(RuleBasedStateMachine):
    """Everything that can happen to a line, with a small patience so that it matters."""

    SLOTS, PATIENCE = 3, 4

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(self.SLOTS, self.PATIENCE)
        self.in_line: list[Sequence] = []
        self.overtaken: dict[str, int] = {}
        self.running: list[Sequence] = []
        self.again: list[Sequence] = []
        self.count = 0
        self.now_s = 0.0

    @rule(client=st.sampled_from("abc"), user=st.sampled_from("xy"), scheduled=st.booleans(), patient=st.booleans())
    def ask(self, client: str, user: str, scheduled: bool, patient: bool) -> None:
        sequence = waiting(str(self.count), client, user, scheduled=scheduled)
        if not patient:
            sequence.deadline_s = self.now_s + 5
        self.count += 1
        self.scheduler.add(sequence)
        self.in_line.append(sequence)
        self.overtaken[sequence.job.id] = 0

    @rule()
    def admit(self) -> None:
        for sequence in self.scheduler.admit():
            if sequence in self.again:
                self.again.remove(sequence)
            else:
                for other in self.in_line[: self.in_line.index(sequence)]:
                    self.overtaken[other.job.id] += 1
                self.in_line.remove(sequence)
            self.running.append(sequence)

    @precondition(lambda self: self.running)
    @rule(pick=st.randoms())
    def finish(self, pick) -> None:
        sequence = self.running.pop(pick.randrange(len(self.running)))
        self.scheduler.release(sequence)

    @precondition(lambda self: self.running)
    @rule(alone=st.booleans())
    def break_down(self, alone: bool) -> None:
        for sequence in self.running:
            self.scheduler.release(sequence)
        for sequence in reversed(self.running):
            sequence.slot = -1
            self.scheduler.add_first(sequence, alone=alone)
        self.again = [*self.running, *self.again]
        self.running = []

    @precondition(lambda self: self.in_line or self.running or self.again)
    @rule(pick=st.randoms())
    def cancel(self, pick) -> None:
        sequence = pick.choice([*self.in_line, *self.running, *self.again])
        assert self.scheduler.find(sequence.job.id) is sequence
        sequence.is_cancelled = True
        assert self.scheduler.take_cancelled() == [sequence]
        self._forget([sequence])

    @rule(seconds=st.floats(0.1, 4))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        late = self.scheduler.take_late(self.now_s)
        assert all(sequence.deadline_s <= self.now_s for sequence in late)
        self._forget(late)
        assert all(one.deadline_s > self.now_s for one in (*self.in_line, *self.running, *self.again))

    @invariant()
    def every_slot_is_free_or_held_once(self) -> None:
        held = [sequence.slot for sequence in self.scheduler.running]
        assert sorted([*held, *self.scheduler._free]) == list(range(self.SLOTS))

    @invariant()
    def nothing_is_lost(self) -> None:
        assert {one.job.id for one in self.scheduler.running} == {one.job.id for one in self.running}
        assert self.scheduler.waiting_count == len(self.in_line) + len(self.again)
        assert self.scheduler.has_work == bool(self.in_line or self.running or self.again)

    @invariant()
    def nobody_is_overtaken_too_often(self) -> None:
        assert all(self.overtaken[one.job.id] <= self.PATIENCE for one in self.in_line)

    def teardown(self) -> None:
        """Whoever is left gets a slot in the end."""
        left = len(self.in_line) + len(self.again)
        for _ in range(left + 1):
            self.admit()
            while self.running:
                self.scheduler.release(self.running.pop())
        assert not self.scheduler.has_work

    def _forget(self, leaving: list[Sequence]) -> None:
        for kept in (self.in_line, self.running, self.again):
            kept[:] = [sequence for sequence in kept if sequence not in leaving]


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
