"""The port Clock, kept by the scheduler and by its fake."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from adapters.clock import SchedulerClock
from bot.ports import Clock
from tests.fakes.clock import FakeClock

SOON = timedelta(milliseconds=30)
NEVER = timedelta(days=1)


@dataclass
class Tower:
    """A clock and the way to let its time pass until something has happened."""

    clock: Clock
    until: Callable[[asyncio.Event], Awaitable[None]]


@pytest.fixture(params=["fake", "scheduler"])
async def tower(request: pytest.FixtureRequest) -> AsyncIterator[Tower]:
    if request.param == "fake":
        fake = FakeClock()

        async def turn(event: asyncio.Event) -> None:
            await fake.pass_time(SOON)
            assert event.is_set()

        yield Tower(fake, turn)
        return
    clock = SchedulerClock()
    clock.start()

    async def wait(event: asyncio.Event) -> None:
        async with asyncio.timeout(10):
            await event.wait()

    yield Tower(clock, wait)
    await clock.close()


class Bell:
    """Counts its rings."""

    def __init__(self) -> None:
        self.rang = asyncio.Event()
        self.count = 0

    async def ring(self) -> None:
        self.count += 1
        self.rang.set()


async def test_now_is_aware_and_in_utc(tower: Tower) -> None:
    assert tower.clock.now().utcoffset() == timedelta(0)


async def test_a_call_comes_at_its_instant_not_before(tower: Tower) -> None:
    bell = Bell()
    due = tower.clock.now() + SOON
    tower.clock.call_at("key", due, bell.ring)
    assert bell.count == 0
    await tower.until(bell.rang)
    assert tower.clock.now() >= due
    assert bell.count == 1


async def test_a_call_for_a_past_instant_comes_at_once_however_late(tower: Tower) -> None:
    bell = Bell()
    tower.clock.call_at("key", tower.clock.now() - timedelta(days=3), bell.ring)
    await tower.until(bell.rang)
    assert bell.count == 1


async def test_the_same_key_replaces_the_earlier_call(tower: Tower) -> None:
    early, late = Bell(), Bell()
    tower.clock.call_at("key", tower.clock.now() + SOON / 2, early.ring)
    tower.clock.call_at("key", tower.clock.now() + SOON, late.ring)
    await tower.until(late.rang)
    assert early.count == 0


async def test_a_cancelled_call_never_comes_and_unknown_keys_are_ignored(tower: Tower) -> None:
    cancelled, other = Bell(), Bell()
    tower.clock.call_at("key", tower.clock.now() + SOON / 2, cancelled.ring)
    tower.clock.call_at("other", tower.clock.now() + SOON, other.ring)
    tower.clock.cancel("key")
    tower.clock.cancel("nobody")
    await tower.until(other.rang)
    assert cancelled.count == 0


async def test_an_action_that_fails_does_not_stop_the_clock(tower: Tower) -> None:
    bell = Bell()

    async def fail() -> None:
        raise RuntimeError("no song today")

    tower.clock.call_at("bad", tower.clock.now(), fail)
    tower.clock.call_at("good", tower.clock.now() + SOON, bell.ring)
    await tower.until(bell.rang)


async def test_an_action_may_book_its_own_next_call(tower: Tower) -> None:
    bell = Bell()

    async def again() -> None:
        tower.clock.call_at("key", tower.clock.now(), bell.ring)

    tower.clock.call_at("key", tower.clock.now(), again)
    await tower.until(bell.rang)


async def test_a_call_may_be_far_away(tower: Tower) -> None:
    bell = Bell()
    tower.clock.call_at("key", tower.clock.now() + NEVER, bell.ring)
    tower.clock.cancel("key")
    assert bell.count == 0
