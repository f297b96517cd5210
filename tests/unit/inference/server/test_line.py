"""The waiting line alone: who is let in and whose turn is next."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inference.server.line import LineFull, Ticket, WaitingLine


class Walker:
    """Remembers where it stood."""

    def __init__(self, client: str = "", *, user: str = "", scheduled: bool = False) -> None:
        self.places: list[int] = []
        self.ticket = Ticket(client, scheduled, self.places.append, user=user)

    @property
    def has_turn(self) -> bool:
        return self.ticket.turn.is_set()


def joined(line: WaitingLine, *walkers: Walker) -> None:
    for walker in walkers:
        line.join(walker.ticket)


def test_free_slots_are_given_at_once_and_then_people_queue() -> None:
    line = WaitingLine(slots=2, max_waiting=2)
    walkers = [Walker() for _ in range(4)]
    joined(line, *walkers)

    assert [walker.has_turn for walker in walkers] == [True, True, False, False]
    assert [walker.places for walker in walkers] == [[0], [0], [0], [1]]
    assert line.is_full
    with pytest.raises(LineFull):
        line.join(Walker().ticket)


def test_everybody_behind_moves_up_and_is_told_once() -> None:
    line = WaitingLine(slots=1, max_waiting=3)
    walkers = [Walker() for _ in range(4)]
    joined(line, *walkers)
    line.leave(walkers[1].ticket)

    assert walkers[2].places == [1, 0]
    assert walkers[3].places == [2, 1]


def test_a_song_that_is_rendered_frees_its_slot_but_not_its_place_in_the_house() -> None:
    line = WaitingLine(slots=1, max_waiting=0)
    first, second = Walker(), Walker()
    line.join(first.ticket)
    line.free_slot(first.ticket)
    with pytest.raises(LineFull):
        line.join(second.ticket)
    line.leave(first.ticket)
    line.join(second.ticket)

    assert second.has_turn


def test_one_persons_pile_does_not_make_others_wait() -> None:
    line = WaitingLine(slots=1, max_waiting=9)
    pile = [Walker("greedy") for _ in range(5)]
    joined(line, *pile)
    modest = Walker("modest")
    line.join(modest.ticket)

    assert modest.places == [0]


def served(line: WaitingLine, playing: Walker, walkers: list[Walker]) -> list[Walker]:
    """The order in which they get the one slot, after the one who has it."""
    order = []
    while len(order) < len(walkers):
        line.leave(playing.ticket)
        playing = next(walker for walker in walkers if walker.has_turn and walker not in order)
        order.append(playing)
    return order


def test_turns_alternate_between_clients_whenever_they_came() -> None:
    line = WaitingLine(slots=1, max_waiting=9)
    first = Walker("a")
    walkers = [Walker(client) for client in "aaabbb"]
    joined(line, first, *walkers)

    assert "".join(walker.ticket.client for walker in served(line, first, walkers)) == "bababa"


def test_within_a_client_its_users_take_turns_and_no_other_client_waits_longer_for_it() -> None:
    line = WaitingLine(slots=1, max_waiting=9)
    first = Walker("guild", user="mel")
    names = ["guild mel", "guild mel", "guild mel", "other ann", "guild kim", "other ann", "guild kim"]
    walkers = [Walker(name.split()[0], user=name.split()[1]) for name in names]
    joined(line, first, *walkers)

    order = [f"{walker.ticket.client} {walker.ticket.user}" for walker in served(line, first, walkers)]
    assert [name for name in order if name.startswith("guild")] == [
        "guild kim",
        "guild mel",
        "guild kim",
        "guild mel",
        "guild mel",
    ]
    assert [name.partition(" ")[0] for name in order] == ["other", "guild", "other", "guild", "guild", "guild", "guild"]


def test_the_clock_waits_for_people_even_if_it_came_first() -> None:
    line = WaitingLine(slots=1, max_waiting=9)
    clock, person = Walker("clock", scheduled=True), Walker("person")
    joined(line, Walker(), clock, person)

    assert person.ticket.position == 0
    assert clock.places == [0, 1]


class LineMachine(RuleBasedStateMachine):
    """Any order of arrivals and departures."""

    def __init__(self) -> None:
        super().__init__()
        self.line = WaitingLine(slots=3, max_waiting=4)
        self.waiting: list[Walker] = []
        self.composing: list[Walker] = []
        self.rendering: list[Walker] = []

    @property
    def inside(self) -> list[Walker]:
        return self.waiting + self.composing + self.rendering

    @rule(client=st.sampled_from("abc"), user=st.sampled_from("xy"), scheduled=st.booleans())
    def join(self, client: str, user: str, scheduled: bool) -> None:
        walker = Walker(client, user=user, scheduled=scheduled)
        if len(self.inside) >= 7:
            with pytest.raises(LineFull):
                self.line.join(walker.ticket)
            return
        self.line.join(walker.ticket)
        self.waiting.append(walker)

    @precondition(lambda self: self.composing)
    @rule(pick=st.randoms(use_true_random=False))
    def finish_composing(self, pick: random.Random) -> None:
        walker = pick.choice(self.composing)
        self.composing.remove(walker)
        self.rendering.append(walker)
        self.line.free_slot(walker.ticket)

    @precondition(lambda self: self.inside)
    @rule(pick=st.randoms(use_true_random=False))
    def leave(self, pick: random.Random) -> None:
        walker = pick.choice(self.inside)
        for place in (self.waiting, self.composing, self.rendering):
            if walker in place:
                place.remove(walker)
        self.line.leave(walker.ticket)

    @invariant()
    def slots_are_never_oversold_and_never_idle_while_the_next_would_fit(self) -> None:
        for walker in [walker for walker in self.waiting if walker.has_turn]:
            self.waiting.remove(walker)
            self.composing.append(walker)
        assert len(self.composing) <= 3
        assert self.line.waiting == len(self.waiting)
        positions = sorted(walker.ticket.position for walker in self.waiting)
        assert positions == list(range(len(self.waiting)))
        assert not self.waiting or len(self.composing) == 3


TestAnyOrder = LineMachine.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
