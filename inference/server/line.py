"""The waiting line: who is let in, and whose turn is next."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count


class LineFull(Exception):
    """Nobody more is let in now."""


@dataclass(eq=False, slots=True)
class Ticket:
    """One song's place, asked for by a `user` of a `client`.

    `turn` is set when it may compose; `bars_left` are those still to be written.
    """

    client: str
    scheduled: bool
    on_move: Callable[[int], None]
    bars_left: int = 0
    user: str = ""
    round: int = 0
    user_round: int = 0
    arrival: int = 0
    position: int = -1
    turn: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def order(self) -> tuple[bool, int, int]:
        return (self.scheduled, self.round, self.arrival)


class _Rounds:
    """Start-time fair queueing: the n-th song of a name belongs to the round after its (n-1)-th."""

    def __init__(self) -> None:
        self._now = 0
        self._last: dict[str, int] = {}

    def join(self, name: str) -> int:
        """The round of the name's next song."""
        self._last[name] = max(self._now, self._last.get(name, -1) + 1)
        return self._last[name]

    def reach(self, round: int) -> None:
        """A song of this round has its turn."""
        self._now = max(self._now, round)
        # A name whose last round is over stands where a new one would.
        self._last = {name: last for name, last in self._last.items() if last >= self._now}


class WaitingLine:
    """Lets in `slots + max_waiting` songs at a time and gives out the slots in a fair order.

    People come before the daily clock. Among them clients take turns (start-time fair queueing): a client's n-th
    waiting song stands behind everybody's (n-1)-th, so nobody waits behind one client's pile; and within a client its
    users take turns in the same way. A song counts as let in until `leave`, rendering included: a renderer that falls
    behind is thereby felt at the door.
    """

    def __init__(self, slots: int, max_waiting: int) -> None:
        self._slots = slots
        self._capacity = slots + max_waiting
        self._waiting: list[Ticket] = []
        self._composing: set[Ticket] = set()
        self._inside: set[Ticket] = set()
        self._clients = _Rounds()
        self._users: defaultdict[str, _Rounds] = defaultdict(_Rounds)
        self._arrivals = count()

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def is_full(self) -> bool:
        """Whether every slot is taken."""
        return len(self._composing) >= self._slots

    @property
    def waiting(self) -> int:
        """Songs that wait for a slot."""
        return len(self._waiting)

    @property
    def unwritten(self) -> int:
        """Songs that hold a slot or wait for one."""
        return len(self._composing) + len(self._waiting)

    @property
    def bars_ahead(self) -> int:
        """Bars to be written before a song that came now, if every slot is taken."""
        return sum(ticket.bars_left for ticket in (*self._waiting, *self._composing))

    def inside(self, client: str, user: str = "") -> int:
        """Songs that somebody asked for, let in and not ended."""
        return sum((one.client, one.user, one.scheduled) == (client, user, False) for one in self._inside)

    def join(self, ticket: Ticket) -> None:
        """Lets a song in; `ticket.on_move` is called now and whenever its place changes. Raises LineFull."""
        if len(self._inside) >= self._capacity:
            raise LineFull
        self.rejoin(ticket)

    def rejoin(self, ticket: Ticket) -> None:
        """The same for a song that was let in before a restart, however many there are."""
        ticket.arrival = next(self._arrivals)
        ticket.round = self._clients.join(ticket.client)
        ticket.user_round = self._users[ticket.client].join(ticket.user)
        self._inside.add(ticket)
        self._waiting.append(ticket)
        self._deal_rounds(ticket.client)
        self._advance()

    def free_slot(self, ticket: Ticket) -> None:
        """The song is composed; it stays inside while it is rendered."""
        self._composing.discard(ticket)
        self._advance()

    def leave(self, ticket: Ticket) -> None:
        """The song has ended, wherever it was."""
        self._inside.discard(ticket)
        self._composing.discard(ticket)
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        self._advance()

    def _deal_rounds(self, client: str) -> None:
        """Gives the rounds that a client's songs have to its users in turn; no other client is touched by it."""
        songs = [ticket for ticket in self._waiting if ticket.client == client]
        in_turn = sorted(songs, key=lambda ticket: (ticket.scheduled, ticket.user_round, ticket.arrival))
        for ticket, dealt in zip(in_turn, sorted(ticket.round for ticket in songs), strict=True):
            ticket.round = dealt

    def _advance(self) -> None:
        self._waiting.sort(key=lambda ticket: ticket.order)
        while self._waiting and not self.is_full:
            ticket = self._waiting.pop(0)
            self._move(ticket, 0)
            self._composing.add(ticket)
            self._clients.reach(ticket.round)
            self._users[ticket.client].reach(ticket.user_round)
            ticket.turn.set()
        for position, ticket in enumerate(self._waiting):
            self._move(ticket, position)
        there = {ticket.client for ticket in self._inside}
        for client in self._users.keys() - there:
            del self._users[client]

    def _move(self, ticket: Ticket, position: int) -> None:
        if ticket.position != position:
            ticket.position = position
            ticket.on_move(position)
