"""Several processes on one database: each piece of work is one process's, and free again when that one has ended."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from adapters.storage import Storage, open_storage
from adapters.storage.presence import LEASE
from adapters.storage.tables import heard, processes
from bot import messages
from bot.domain.daily import ScheduleId
from bot.domain.daily_text import DailyWish
from bot.domain.request import RequestId
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.genres import GenreService
from tests.fakes.clock import FakeClock
from tests.fakes.composer import FakeComposer
from tests.fakes.daily_station import AT, BERLIN, DUE
from tests.fakes.messenger import FakeMessenger
from tests.fakes.reply import FakeReply
from tests.fakes.songs import CATALOGUE, MEL, PLACE, request_for

DAY = date(2026, 7, 1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/lnh.db"


@asynccontextmanager
async def two(url: str) -> AsyncIterator[tuple[Storage, Storage]]:
    async with AsyncExitStack() as stack:
        storages = [await open_storage(url), await open_storage(url)]
        for storage in storages:
            stack.push_async_callback(storage.close)
        yield storages[0], storages[1]


async def die(storage: Storage) -> None:
    """What the others see of a process that ended without a word, once its time is up."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with storage.engine.begin() as connection:
        mine = processes.c.id == storage.presence.id
        await connection.execute(update(processes).where(mine).values(alive_until=past))


def daily_of(storage: Storage, composer: FakeComposer, messenger: FakeMessenger, clock: FakeClock) -> DailyService:
    genres = GenreService(storage.genres, CATALOGUE)
    compose = ComposeService(composer, storage.songs, storage.genres, CATALOGUE)
    parts = (storage.schedules, storage.claims, compose, genres, clock, messages, {"discord": messenger})
    return DailyService(storage.schedules, storage.claims, clock, genres, CATALOGUE, DailyPoster(*parts))


async def test_a_song_in_the_making_is_left_to_its_process_and_taken_over_when_that_is_gone(url: str) -> None:
    async with two(url) as (first, second):
        assert await first.songs.accept(request_for("a"))
        assert not await second.songs.accept(request_for("a"))
        assert await second.songs.pending() == await first.songs.pending() == []
        await die(first)
        assert [request.id for request in await second.songs.pending()] == ["a"]
        assert await second.songs.accept(request_for("a"))
        assert not await first.songs.accept(request_for("a"))


async def test_a_click_that_two_processes_hear_is_one_song(url: str) -> None:
    composer, reply = FakeComposer(), FakeReply()
    async with two(url) as storages:
        bands = [ComposeService(composer, storage.songs, storage.genres, CATALOGUE) for storage in storages]
        await asyncio.gather(*(band.compose(request_for("a"), reply) for band in bands))
    assert len(composer.asked) == len(reply.songs) == 1


async def test_a_second_process_does_not_take_up_songs_that_the_first_one_makes(url: str) -> None:
    composer, reply = FakeComposer(), FakeReply()
    composer.gate.clear()
    async with two(url) as storages:
        first, second = (ComposeService(composer, storage.songs, storage.genres, CATALOGUE) for storage in storages)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(first.compose(request_for("a"), reply))
            await composer.composing.wait()
            await second.recompose_pending(lambda _: reply)
            composer.gate.set()
    assert len(composer.asked) == len(reply.songs) == 1


async def test_of_two_bots_on_one_database_one_posts_the_daily_song(url: str) -> None:
    composer, messenger = FakeComposer(), FakeMessenger()
    async with two(url) as storages:
        bots = [daily_of(storage, composer, messenger, FakeClock()) for storage in storages]
        await bots[0].set(PLACE, DailyWish(AT, BERLIN, ("metal",)), MEL)
        await asyncio.gather(*(bot.start() for bot in bots))
        for day in range(2):
            clocks = [bot.clock for bot in bots if isinstance(bot.clock, FakeClock)]
            messenger.nonces.clear()  # not even the platform knows
            await asyncio.gather(*(clock.turn_to(DUE + timedelta(days=day, minutes=5)) for clock in clocks))
            assert len(messenger.posts) == day + 1
    assert messenger.told == []


async def test_a_second_bot_that_starts_in_the_middle_of_a_post_leaves_it_alone(url: str) -> None:
    composer, messenger = FakeComposer(), FakeMessenger()
    async with two(url) as storages:
        clocks = [FakeClock(), FakeClock()]
        first, second = (
            daily_of(*parts, clock)
            for parts, clock in zip([(s, composer, messenger) for s in storages], clocks, strict=True)
        )
        schedule = await first.set(PLACE, DailyWish(AT, BERLIN, ("metal",)), MEL)
        composer.gate.clear()
        clocks[0].instant = clocks[1].instant = DUE
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(first.run(schedule.id))
            await composer.composing.wait()
            await second.start()
            await clocks[1].pass_time(timedelta(seconds=30))
            assert len(composer.asked) == 1
            composer.gate.set()
        await clocks[1].pass_time(timedelta(minutes=2))
    assert len(messenger.posts) == 1


async def test_a_daily_song_whose_bot_dies_over_it_is_posted_by_the_other(url: str) -> None:
    composer, messenger = FakeComposer(), FakeMessenger()
    async with two(url) as storages:
        clock = FakeClock()
        dying = daily_of(storages[0], composer, messenger, FakeClock(DUE))
        survivor = daily_of(storages[1], composer, messenger, clock)
        await survivor.set(PLACE, DailyWish(AT, BERLIN, ("metal",)), MEL)
        (schedule,) = await storages[0].schedules.list()
        composer.gate.clear()
        running = asyncio.ensure_future(dying.run(schedule.id))
        await composer.composing.wait()
        clock.instant = DUE
        await survivor.run(schedule.id)
        assert messenger.posts == []
        running.cancel()
        await asyncio.wait([running])
        composer.gate.set()
        await die(storages[0])
        await clock.pass_time(timedelta(minutes=2))
    assert len(messenger.posts) == 1


async def test_a_bot_that_slept_while_another_took_over_posts_nothing_when_it_wakes(url: str) -> None:
    composer, messenger = FakeComposer(), FakeMessenger()
    composer.gate.clear()
    async with two(url) as storages:
        sleeper, other = (daily_of(storage, composer, messenger, FakeClock(DUE)) for storage in storages)
        await sleeper.set(PLACE, DailyWish(AT, BERLIN, ("metal",)), MEL)
        (schedule,) = await storages[0].schedules.list()
        schedule = replace(schedule, next_run_utc=DUE)
        await storages[0].schedules.save(schedule)
        running = asyncio.ensure_future(sleeper.run(schedule.id))
        await composer.composing.wait()
        await die(storages[0])
        assert await storages[1].claims.claim(schedule.id, schedule.day)
        composer.gate.set()
        await running
        assert messenger.posts == []
        await other.run(schedule.id)
    assert len(messenger.posts) == 1


async def test_what_a_process_that_left_had_claimed_is_free_at_once(url: str) -> None:
    async with two(url) as (first, second):
        clock = FakeClock()
        schedule = await daily_of(first, FakeComposer(), FakeMessenger(), clock).set(PLACE, DailyWish(AT, BERLIN), MEL)
        assert await first.claims.claim(schedule.id, DAY)
        assert not await second.claims.claim(schedule.id, DAY)
        await first.presence.leave()
        assert await second.claims.claim(schedule.id, DAY)
        assert not await second.claims.claim(ScheduleId("nobody's"), DAY)


async def test_a_restart_after_a_crash_on_the_same_machine_need_not_wait(url: str) -> None:
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    crashed = await open_storage(url)
    await crashed.songs.accept(request_for("a"))
    async with crashed.engine.begin() as connection:
        await connection.execute(update(processes).values(pid=ended.pid))
    await crashed.engine.dispose()
    storage = await open_storage(url)
    assert [request.id for request in await storage.songs.pending()] == ["a"]
    await storage.close()


async def test_a_crash_on_another_machine_is_believed_when_its_time_is_up(url: str) -> None:
    async with two(url) as (first, second):
        await first.songs.accept(request_for("a"))
        async with first.engine.begin() as connection:
            mine = processes.c.id == first.presence.id
            await connection.execute(update(processes).where(mine).values(host="elsewhere", pid=1))
        third = await open_storage(url)
        assert await third.songs.pending() == []
        await die(first)
        assert [request.id for request in await third.songs.pending()] == ["a"]
        await third.close()
        assert [request.id for request in await second.songs.pending()] == ["a"]


async def test_who_renews_stays_alive_even_after_having_been_taken_for_dead(url: str) -> None:
    async with two(url) as (first, second):
        await die(first)
        await first.presence.renew()
        await first.songs.accept(request_for("a"))
        assert not await second.songs.accept(request_for("a"))
        await first.presence.leave()
        await first.presence.renew()
        assert not await second.songs.accept(request_for("a"))


async def test_two_processes_can_open_a_new_database_at_the_same_time(url: str) -> None:
    storages = await asyncio.gather(*(open_storage(url) for _ in range(3)))
    for storage in storages:
        await storage.close()


async def test_events_are_forgotten_after_days(url: str) -> None:
    async with two(url) as (first, second):
        assert await first.heard.is_first(RequestId("e"))
        async with first.engine.begin() as connection:
            await connection.execute(update(heard).values(at=datetime.now(UTC) - timedelta(days=3)))
        await second.presence.renew()
        assert await second.heard.is_first(RequestId("e"))


def test_a_process_renews_several_times_before_it_would_count_as_dead() -> None:
    from adapters.storage.presence import RENEW_EVERY_S

    assert LEASE.total_seconds() >= 3 * RENEW_EVERY_S
