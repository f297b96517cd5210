"""Who is let in, and when the others should come back."""

import time
from collections import deque
from collections.abc import Callable
from math import ceil

from inference.api import ErrorCode
from inference.server.limits import ServerLimits
from inference.server.line import LineFull, Ticket, WaitingLine
from inference.server.order import Order
from inference.server.pace import Pace
from inference.server.refusal import Refusal

_HOUR_S = 3600.0


class Admission:
    """The door before the waiting line: how many may wait, for how long, and how many songs one client's user may have.

    Songs of the daily clock stand behind everybody's and are let in whatever their client has.

    Args:
        line: where they go.
        pace: how long songs take here.
        limits: see there.
        now: seconds that only grow.
    """

    def __init__(
        self, line: WaitingLine, pace: Pace, limits: ServerLimits, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._line = line
        self._pace = pace
        self._limits = limits
        self._now = now
        self._let_in: dict[tuple[str, str], deque[float]] = {}

    def admit(self, order: Order, ticket: Ticket) -> None:
        """Lets a song into the line.

        Raises:
            Refusal: the queue is full or too slow, or the client has had its share; says when to come back.
        """
        if not ticket.scheduled:
            self._check_client(ticket.client, ticket.user)
        self._check_wait(order)
        try:
            self._line.join(ticket)
        except LineFull:
            raise _come_back(ErrorCode.QUEUE_FULL, "the queue is full", self._pace.place_s(self._line.slots)) from None
        if self._limits.client_songs_an_hour is not None and not ticket.scheduled:
            self._let_in.setdefault((ticket.client, ticket.user), deque()).append(self._now())

    def _check_client(self, client: str, user: str) -> None:
        most = self._limits.client_songs_at_once
        if self._line.inside(client, user) >= most:
            sentence = f"you have {most} songs in the making, which is as many as one client may have at a time"
            raise _come_back(ErrorCode.QUOTA_USED, sentence, self._pace.place_s(self._line.slots))
        hourly = self._limits.client_songs_an_hour
        if hourly is None:
            return
        self._forget_old()
        times = self._let_in.get((client, user), deque())
        if len(times) >= hourly:
            sentence = f"you have had {hourly} songs within an hour, which is as many as one client may have"
            raise _come_back(ErrorCode.QUOTA_USED, sentence, times[0] + _HOUR_S - self._now())

    def _check_wait(self, order: Order) -> None:
        wait_s = self._pace.compose_s(self._line.bars_ahead) / self._line.slots if self._line.is_full else 0.0
        longest_s = min(self._limits.max_wait_s, order.deadline_s)
        if wait_s > longest_s:
            sentence = (
                f"a song asked for now would wait about {ceil(wait_s)} s, and at most {longest_s:g} s is bearable"
            )
            raise _come_back(ErrorCode.QUEUE_FULL, sentence, wait_s - longest_s)

    def _forget_old(self) -> None:
        oldest = self._now() - _HOUR_S
        for times in self._let_in.values():
            while times and times[0] <= oldest:
                times.popleft()
        self._let_in = {one: times for one, times in self._let_in.items() if times}


def _come_back(code: ErrorCode, sentence: str, wait_s: float) -> Refusal:
    whole_s = max(1, ceil(wait_s))
    return Refusal(code, f"{sentence}; ask again in {whole_s} s", retry_after_s=float(whole_s))
