"""An admin who does not want the next daily song has another one come instead; it is still one song a day."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import ComposerUnavailable, DailyOver, DailyPaused, DailyUnderway, NoDaily
from bot.domain.request import Place
from bot.domain.song import Song
from tests.fakes.daily_station import DAY, DUE, Station
from tests.fakes.reply import FakeReply
from tests.fakes.songs import MEL, PLACE
from tests.fakes.storage import FakeSchedules

MINUTE = timedelta(minutes=1)
DIRECT = Place(PLACE.platform, PLACE.workspace, "a direct message")


@pytest.fixture
def station() -> Station:
    return Station()


async def heard(station: Station, schedule: DailySchedule) -> Song:
    reply = FakeReply()
    await station.daily.rehearse(schedule, MEL, reply)
    (song,) = reply.songs
    return song


def seeds(station: Station) -> list[int]:
    return [song.recipe.sampling.seed for _, song, _ in station.messenger.posts]


async def test_another_song_takes_the_place_of_the_next_one_and_is_the_one_that_is_posted(station: Station) -> None:
    first = await heard(station, await station.set_up("metal"))
    second = await heard(station, await station.daily.another(PLACE))
    third = await heard(station, await station.daily.another(PLACE))
    drawn = [song.recipe.sampling.seed for song in (first, second, third)]
    assert len(set(drawn)) == 3
    assert len({asked.id for asked in station.composer.asked}) == 3  # one id is one song
    assert {song.genre for song in (first, second, third)} == {"metal"}
    await station.clock.turn_to(DUE)
    assert seeds(station) == [drawn[2]]


async def test_the_day_after_has_the_song_that_it_would_have_had_anyway(station: Station) -> None:
    await station.set_up("metal")
    plain = Station()
    schedule = await station.only()
    await plain.schedules.save(schedule)
    await plain.daily.start()
    await station.daily.another(PLACE)
    for one in (station, plain):
        await one.clock.turn_to(DUE + DAY)
    assert seeds(station)[0] != seeds(plain)[0]
    assert seeds(station)[1] == seeds(plain)[1]
    assert (await station.only()).redrawn == 0


async def test_a_song_of_any_genre_may_give_way_to_one_of_another_genre(station: Station) -> None:
    await station.set_up()
    songs = [await heard(station, await station.daily.another(PLACE)) for _ in range(12)]
    assert len({song.genre for song in songs}) > 1


async def test_what_was_wished_for_outlives_restarts_and_holds_for_every_process(station: Station) -> None:
    await station.set_up("metal")
    other = station.process()
    await other.start()
    song = await heard(station, await station.daily.another(PLACE))
    await station.restart(DUE - MINUTE)
    assert (await heard(station, await other.upcoming(PLACE))).recipe == song.recipe
    await station.clock.turn_to(DUE)
    await other.run((await station.only()).id)
    assert [posted.recipe for _, posted, _ in station.messenger.posts] == [song.recipe]


async def test_pressing_twice_under_the_same_song_is_one_wish(station: Station) -> None:
    schedule = await station.set_up("metal")
    once = await station.daily.another(PLACE, schedule.next_song)
    assert await station.daily.another(PLACE, schedule.next_song) == once
    again = await station.daily.another(PLACE, once.next_song)
    assert again.redrawn == 2


async def test_two_processes_that_are_asked_at_once_agree_on_one_song(station: Station) -> None:
    schedule = await station.set_up("metal")
    await asyncio.gather(
        station.daily.another(PLACE, schedule.next_song), station.process().another(PLACE, schedule.next_song)
    )
    assert (await station.only()).redrawn == 1


async def test_whoever_asks_a_moment_later_than_another_process_gets_what_that_one_was_given(
    station: Station,
) -> None:
    schedule = await station.set_up("metal")
    station.schedules.__class__ = _Overtaken
    assert await station.daily.another(PLACE, schedule.next_song) == replace(schedule, redrawn=1)


class _Overtaken(FakeSchedules):
    """Whatever is redrawn was redrawn by somebody else the moment before."""

    async def redraw(self, schedule: DailySchedule) -> bool:
        await super().redraw(schedule)
        return await super().redraw(schedule)


async def test_the_button_works_away_from_its_channel_but_not_in_another_workspace(station: Station) -> None:
    schedule = await station.set_up("metal")
    assert (await station.daily.another(DIRECT, schedule.next_song)).redrawn == 1
    with pytest.raises(DailyOver):
        await station.daily.another(replace(PLACE, workspace="elsewhere"), schedule.next_song)
    with pytest.raises(NoDaily):
        await station.daily.another(DIRECT)


async def test_a_song_on_its_way_is_not_replaced_any_more(station: Station) -> None:
    schedule = await station.set_up("metal")
    async with station.on_its_way(schedule):
        for asked in (None, schedule.next_song):
            with pytest.raises(DailyUnderway):
                await station.daily.another(PLACE, asked)
    assert len(station.messenger.posts) == 1


async def test_a_song_whose_day_a_process_with_a_faster_clock_has_claimed_is_not_replaced(station: Station) -> None:
    schedule = await station.set_up("metal")
    await station.schedules.claim(schedule.id, schedule.day, "another process")
    with pytest.raises(DailyUnderway):
        await station.daily.another(PLACE)
    assert (await station.only()).redrawn == 0


async def test_a_song_replaced_in_the_last_moment_is_the_one_that_is_posted(station: Station) -> None:
    schedule = await station.set_up("metal")
    station.schedules.__class__ = _ReplacedMeanwhile
    await station.clock.turn_to(DUE)
    assert station.composer.asked[-1].id.endswith("-1")
    assert [song.id for _, song, _ in station.messenger.posts] == [f"daily-{schedule.id}-{schedule.day}"]


class _ReplacedMeanwhile(FakeSchedules):
    """Somebody wishes for another song between the look at the schedule and the claim."""

    async def claim(self, id: ScheduleId, day: object, holder: str = "only") -> bool:
        await self.redraw(self.by_id[id])
        return await super().claim(id, self.by_id[id].day, holder)


async def test_a_song_that_was_posted_skipped_or_ended_is_over(station: Station) -> None:
    schedule = await station.set_up("metal")
    await station.clock.turn_to(DUE)
    with pytest.raises(DailyOver):
        await station.daily.another(PLACE, schedule.next_song)
    skipped, _ = await station.daily.skip(PLACE)
    with pytest.raises(DailyOver):
        await station.daily.another(PLACE, skipped.next_song)
    later = await station.only()
    await station.daily.remove(PLACE)
    for song in (later.next_song, "", "something-else"):
        with pytest.raises(DailyOver):
            await station.daily.another(PLACE, song)
    with pytest.raises(NoDaily):
        await station.daily.another(PLACE)


async def test_a_paused_daily_song_has_nothing_to_replace(station: Station) -> None:
    schedule = await station.set_up("metal")
    await station.schedules.save(replace(schedule, paused="the channel is gone"))
    for asked in (None, schedule.next_song):
        with pytest.raises(DailyPaused):
            await station.daily.another(PLACE, asked)


async def test_a_song_replaced_shortly_before_its_hour_is_written_ahead_once_more(station: Station) -> None:
    schedule = await station.set_up("metal")
    await station.clock.turn_to(DUE - 5 * MINUTE)
    await station.daily.another(PLACE)
    station.composer.failures = [ComposerUnavailable()]
    reply = FakeReply()
    await station.daily.rehearse(await station.only(), MEL, reply)
    assert [error.code for error in reply.errors] == ["composer_unavailable"]
    await station.clock.turn_to(DUE - 3 * MINUTE)
    written = station.composer.asked[-1]
    assert written.id == f"daily-{schedule.id}-{schedule.day}-1"
    await station.clock.turn_to(DUE)
    assert seeds(station) == [written.sampling.seed]


async def test_a_replaced_song_whose_genre_is_switched_off_makes_room_for_another_genre(station: Station) -> None:
    await station.set_up("metal", "jazz")
    song = await heard(station, await station.daily.another(PLACE))
    station.off.off.add((PLACE.platform, PLACE.workspace, song.genre))
    await station.clock.turn_to(DUE)
    ((_, posted, _),) = station.messenger.posts
    assert {song.genre, posted.genre} == {"metal", "jazz"}
    assert len({asked.id for asked in station.composer.asked}) == 2
