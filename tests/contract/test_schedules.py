"""The ports Schedules and Claims, kept by the database and by their fake."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from adapters.storage import open_storage
from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import NotFound
from bot.domain.request import Place, Requester
from bot.ports import Claims, Schedules
from tests.fakes.storage import FakeSchedules

DAY = date(2026, 7, 1)
DUE = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)


@dataclass
class Desk:
    schedules: Schedules
    claims: Claims


@pytest.fixture(params=["fake", "sqlite"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    if request.param == "fake":
        fake = FakeSchedules()
        yield Desk(fake, fake)
        return
    storage = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    yield Desk(storage.schedules, storage.claims)
    await storage.close()


def schedule(id: str = "s1", channel: str = "c1", workspace: str = "g1") -> DailySchedule:
    return DailySchedule(
        ScheduleId(id),
        Place("discord", workspace, channel),
        time(18, 30),
        "Europe/Berlin",
        ("metal", "jazz"),
        Requester("u1", "Mél", "de"),
        DUE,
    )


async def test_a_saved_schedule_comes_back_as_it_was(desk: Desk) -> None:
    paused = replace(schedule(), paused="the channel is gone", days=frozenset({0, 4}), redrawn=2)
    await desk.schedules.save(paused)
    assert await desk.schedules.get(paused.id) == paused


async def test_instants_come_back_in_utc_whatever_zone_they_were_saved_in(desk: Desk) -> None:
    local = DUE.astimezone(timezone(timedelta(hours=2)))
    await desk.schedules.save(replace(schedule(), next_run_utc=local))
    assert (await desk.schedules.get(ScheduleId("s1"))).next_run_utc == DUE


async def test_saving_the_same_id_again_replaces_it(desk: Desk) -> None:
    await desk.schedules.save(schedule())
    await desk.schedules.save(replace(schedule(), zone="UTC"))
    assert [kept.zone for kept in await desk.schedules.list()] == ["UTC"]


async def test_a_place_has_one_schedule(desk: Desk) -> None:
    await desk.schedules.save(schedule("old"))
    await desk.schedules.save(schedule("new"))
    assert [kept.id for kept in await desk.schedules.list()] == ["new"]


async def test_list_is_by_workspace_and_in_order_of_the_next_run(desk: Desk) -> None:
    await desk.schedules.save(replace(schedule("late"), next_run_utc=DUE + timedelta(hours=1)))
    await desk.schedules.save(schedule("early", "c2"))
    await desk.schedules.save(schedule("elsewhere", "c3", "g2"))
    assert [kept.id for kept in await desk.schedules.list("discord", "g1")] == ["early", "late"]
    assert [kept.id for kept in await desk.schedules.list("slack")] == []
    assert len(await desk.schedules.list()) == 3


async def test_remove_says_whether_there_was_one(desk: Desk) -> None:
    await desk.schedules.save(schedule())
    assert await desk.schedules.remove(schedule().place)
    assert not await desk.schedules.remove(schedule().place)
    with pytest.raises(NotFound):
        await desk.schedules.get(ScheduleId("s1"))


async def test_whoever_claimed_a_day_keeps_it_until_it_is_settled_and_that_moves_the_next_run(desk: Desk) -> None:
    await desk.schedules.save(schedule())
    assert await desk.claims.claim(ScheduleId("s1"), DAY)
    assert await desk.claims.claim(ScheduleId("s1"), DAY)
    await desk.claims.settle(ScheduleId("s1"), DAY, DUE + timedelta(days=1))
    assert not await desk.claims.claim(ScheduleId("s1"), DAY)
    assert await desk.claims.claim(ScheduleId("s1"), DAY + timedelta(days=1))
    assert (await desk.schedules.get(ScheduleId("s1"))).next_run_utc == DUE + timedelta(days=1)


async def test_a_schedule_that_was_removed_meanwhile_is_not_brought_back_by_a_pause(desk: Desk) -> None:
    await desk.schedules.save(schedule())
    assert await desk.schedules.pause(schedule().id, "the channel is gone")
    assert await desk.schedules.get(schedule().id) == replace(schedule(), paused="the channel is gone")
    await desk.schedules.remove(schedule().place)
    assert not await desk.schedules.pause(schedule().id, "the channel is gone")
    assert await desk.schedules.list() == []


async def test_a_song_is_redrawn_once_for_everybody_who_knows_the_same_one(desk: Desk) -> None:
    first = schedule()
    await desk.schedules.save(first)
    assert await desk.schedules.redraw(first)
    assert not await desk.schedules.redraw(first)
    second = await desk.schedules.get(first.id)
    assert second == replace(first, redrawn=1)
    assert await desk.schedules.redraw(second)
    assert not await desk.schedules.redraw(schedule("gone"))


async def test_a_claimed_song_is_not_redrawn_and_the_day_after_begins_anew(desk: Desk) -> None:
    await desk.schedules.save(replace(schedule(), redrawn=3))
    assert await desk.claims.claim(ScheduleId("s1"), DAY)
    assert not await desk.schedules.redraw(replace(schedule(), redrawn=3))
    await desk.claims.settle(ScheduleId("s1"), DAY, DUE + timedelta(days=1))
    later = await desk.schedules.get(ScheduleId("s1"))
    assert (later.redrawn, later) == (0, schedule().after(DUE + timedelta(days=1)))
    assert await desk.schedules.redraw(later)


async def test_claims_go_with_their_schedule(desk: Desk) -> None:
    await desk.schedules.save(schedule())
    await desk.claims.claim(ScheduleId("s1"), DAY)
    await desk.schedules.remove(schedule().place)
    assert not await desk.claims.claim(ScheduleId("s1"), DAY)


async def test_settling_a_schedule_that_is_gone_changes_nothing(desk: Desk) -> None:
    await desk.claims.settle(ScheduleId("s1"), DAY, DUE)
    assert await desk.schedules.list() == []
