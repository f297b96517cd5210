"""APScheduler as clockwork: it keeps nothing, storage says what is due."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

_logger = structlog.get_logger(__name__)
_ANY_NUMBER = 1000  # a call is never dropped because an earlier one of its key still runs


class SchedulerClock:
    """The port `Clock`. Calls may be booked before `start`; they ring from then on until `close`."""

    def __init__(self) -> None:
        # Without a grace time a call that comes late, after a suspend or a busy loop, would be skipped in silence.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": _ANY_NUMBER}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Starts ringing; needs a running event loop."""
        self._scheduler.start()

    async def close(self) -> None:
        """Stops ringing, cancels the actions that run and waits until they have ended."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # the scheduler shuts down in the loop's next round
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, key: str, instant_utc: datetime, action: Callable[[], Awaitable[None]]) -> None:
        self._scheduler.add_job(
            self._run, DateTrigger(instant_utc), args=(key, action), id=key, name=key, replace_existing=True
        )

    def cancel(self, key: str) -> None:
        if self._scheduler.get_job(key) is not None:
            self._scheduler.remove_job(key)

    async def _run(self, key: str, action: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            await action()
        except asyncio.CancelledError:
            # Only `close` cancels; raised further, the scheduler would report it as an error.
            _logger.info("scheduled action stopped", key=key)
        except Exception:
            _logger.exception("scheduled action failed", key=key)
