"""The waiting line: who is let in, and whose turn is next."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count


class LineFull(Exception):
    """Nobody more is let in now."""


@dataclass(eq=False, slots=True)
class Ticket:
    """One song's place. `turn` is set when it may compose; `bars_left` are those still to be written."""

    client: str
    scheduled: bool
    on_move: Callable[[int], None]
    bars_left: int = 0
    round: int = 0
    arrival: int = 0
    position: int = -1
    turn: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def order(self) -> tuple[bool, int, int]:
        return (self.scheduled, self.round, self.arrival)


class WaitingLine:
    """Lets in `slots + max_waiting` songs at a time and gives out the slots in a fair order.

    People come before the daily clock. Among them clients take turns (start-time fair queueing): a client's n-th
    waiting song stands behind everybody's (n-1)-th, so nobody waits behind one person's pile. A song counts as let
    in until `leave`, rendering included: a renderer that falls behind is thereby felt at the door.
    """

    def __init__(self, slots: int, max_waiting: int) -> None:
        self._slots = slots
        self._capacity = slots + max_waiting
        self._waiting: list[Ticket] = []
        self._composing: set[Ticket] = set()
        self._inside: set[Ticket] = set()
        self._round_now = 0
        self._rounds: dict[str, int] = {}
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
    def bars_ahead(self) -> int:
        """Bars to be written before a song that came now, if every slot is taken."""
        return sum(ticket.bars_left for ticket in (*self._waiting, *self._composing))

    def inside(self, client: str) -> int:
        """Songs that a client asked for itself, let in and not ended."""
        return sum(ticket.client == client and not ticket.scheduled for ticket in self._inside)

    def join(self, ticket: Ticket) -> None:
        """Lets a song in; `ticket.on_move` is called now and whenever its place changes. Raises LineFull."""
        if len(self._inside) >= self._capacity:
            raise LineFull
        self.rejoin(ticket)

    def rejoin(self, ticket: Ticket) -> None:
        """The same for a song that was let in before a restart, however many there are."""
        ticket.arrival = next(self._arrivals)
        ticket.round = max(self._round_now, self._rounds.get(ticket.client, -1) + 1)
        self._rounds[ticket.client] = ticket.round
        self._inside.add(ticket)
        self._waiting.append(ticket)
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

    def _advance(self) -> None:
        self._waiting.sort(key=lambda ticket: ticket.order)
        while self._waiting and not self.is_full:
            ticket = self._waiting.pop(0)
            self._move(ticket, 0)
            self._composing.add(ticket)
            self._round_now = max(self._round_now, ticket.round)
            ticket.turn.set()
        for position, ticket in enumerate(self._waiting):
            self._move(ticket, position)
        # A client whose last round is over stands where a new one would.
        self._rounds = {client: last for client, last in self._rounds.items() if last >= self._round_now}

    def _move(self, ticket: Ticket, position: int) -> None:
        if ticket.position != position:
            ticket.position = position
            ticket.on_move(position)
