"""A clock that the test turns."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

_logger = structlog.get_logger(__name__)


@dataclass
class FakeClock:
    """Stands still until told; calls that are due ring in `turn_to`, in the order of their instants."""

    instant: datetime = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    calls: dict[str, tuple[datetime, Callable[[], Awaitable[None]]]] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.instant

    def call_at(self, key: str, instant_utc: datetime, action: Callable[[], Awaitable[None]]) -> None:
        self.calls[key] = (instant_utc, action)

    def cancel(self, key: str) -> None:
        self.calls.pop(key, None)

    async def turn_to(self, instant: datetime) -> None:
        """Rings all that is due until then, each at its own instant."""
        while due := [key for key, (when, _) in self.calls.items() if when <= instant]:
            key = min(due, key=lambda key: self.calls[key][0])
            when, action = self.calls.pop(key)
            self.instant = max(self.instant, when)
            try:
                await action()
            except Exception:
                _logger.exception("scheduled action failed", key=key)
        self.instant = max(self.instant, instant)

    async def pass_time(self, span: timedelta = timedelta(0)) -> None:
        await self.turn_to(self.instant + span)
