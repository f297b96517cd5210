"""The clock on the wall, by APScheduler."""

from adapters.clock.scheduler import SchedulerClock

__all__ = ["SchedulerClock"]
