"""What the scheduler promises beyond the contract of all clocks."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from adapters.clock import SchedulerClock


async def test_close_cancels_what_runs_and_waits_for_its_end() -> None:
    clock = SchedulerClock()
    clock.start()
    started, ended = asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    clock.call_at("key", clock.now(), forever)
    async with asyncio.timeout(10):
        await started.wait()
        await clock.close()
    assert ended.is_set()


async def test_calls_booked_before_the_start_come_after_it() -> None:
    clock = SchedulerClock()
    rang = asyncio.Event()

    async def ring() -> None:
        rang.set()

    clock.call_at("key", clock.now() - timedelta(hours=1), ring)
    clock.call_at("gone", clock.now() - timedelta(hours=1), ring)
    clock.cancel("gone")
    clock.start()
    async with asyncio.timeout(10):
        await rang.wait()
    await clock.close()


async def test_closing_a_clock_that_never_started_is_fine() -> None:
    await SchedulerClock().close()


async def test_an_action_that_fails_is_logged_with_its_key() -> None:
    clock = SchedulerClock()
    clock.start()
    failed = asyncio.Event()

    async def fail() -> None:
        failed.set()
        raise RuntimeError("no song today")

    with capture_logs() as logs:
        clock.call_at("daily:1", clock.now(), fail)
        async with asyncio.timeout(10):
            await failed.wait()
            await clock.close()
    assert [(line["event"], line["key"]) for line in logs] == [("scheduled action failed", "daily:1")]


async def test_a_key_may_ring_again_while_its_last_action_still_runs() -> None:
    clock = SchedulerClock()
    clock.start()
    first, second, release = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        first.set()
        await release.wait()

    async def quick() -> None:
        second.set()

    clock.call_at("key", clock.now(), slow)
    async with asyncio.timeout(10):
        await first.wait()
        clock.call_at("key", clock.now(), quick)
        await second.wait()
        release.set()
        await clock.close()
