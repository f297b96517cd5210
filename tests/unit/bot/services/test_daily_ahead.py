"""A daily song is written before its hour; admins may hear it by then, and leave it out."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import ComposerUnavailable, DailyPaused, DailyUnderway, GenreDisabled, NoDaily
from bot.domain.request import Place, Priority, Requester
from bot.services.daily import ahead_of
from tests.fakes.daily_station import DAY, DUE, Station
from tests.fakes.reply import FakeReply
from tests.fakes.songs import MEL, PLACE

MINUTE = timedelta(minutes=1)


@pytest.fixture
def station() -> Station:
    return Station()


async def test_a_song_is_written_minutes_before_its_hour_and_posted_on_the_minute(station: Station) -> None:
    schedule = await station.set_up("metal")
    assert 10 * MINUTE <= ahead_of(schedule.id) < 15 * MINUTE
    await station.clock.turn_to(DUE - 9 * MINUTE)
    (written,) = station.composer.asked
    assert station.messenger.posts == []
    assert written.priority is Priority.SCHEDULED
    await station.clock.turn_to(DUE)
    # The same id is the same song, which the composer has by now.
    assert [asked.id for asked in station.composer.asked] == [written.id] * 2
    assert [song.id for _, song, _ in station.messenger.posts] == [written.id]


async def test_songs_of_the_same_hour_are_not_all_written_in_the_same_moment(station: Station) -> None:
    moments = {ahead_of((await station.set_up("metal")).id) for _ in range(8)}
    assert len(moments) > 1


async def test_a_song_that_cannot_be_written_ahead_is_tried_every_minute_and_the_log_says_so(
    station: Station, logs: list[MutableMapping[str, Any]]
) -> None:
    await station.set_up("metal")
    station.composer.failures = [ComposerUnavailable(), RuntimeError("a bug"), ComposerUnavailable()]
    await station.clock.turn_to(DUE - MINUTE)
    assert len(station.composer.asked) == 4
    said = [line["event"] for line in logs if "ahead" in line["event"]]
    assert said == ["daily song not written ahead"] * 3 + ["daily song written ahead"]
    await station.clock.turn_to(DUE)
    assert len(station.messenger.posts) == 1
    assert station.messenger.told == []


async def test_a_song_that_is_late_all_the_same_is_posted_once_when_it_is_there(station: Station) -> None:
    await station.set_up("metal")
    station.composer.failures = [ComposerUnavailable()] * 100
    await station.clock.turn_to(DUE)
    # How many attempts were made ahead lies in the schedule's id, how many are made from now on does not.
    station.composer.failures = [ComposerUnavailable()] * 5
    await station.clock.turn_to(DUE + 20 * MINUTE)
    assert [note for _, _, note in station.messenger.posts] == [
        "The song of the day, a little late: it was due at 18:30."
    ]


async def test_a_genre_switched_off_after_the_song_was_written_ahead_is_not_posted(station: Station) -> None:
    await station.set_up("metal", "jazz")
    await station.clock.turn_to(DUE - MINUTE)
    (written,) = station.composer.asked
    station.off.off.add((PLACE.platform, PLACE.workspace, written.spec.main_genre))
    await station.clock.turn_to(DUE)
    ((_, song, _),) = station.messenger.posts
    assert song.genre != written.spec.main_genre
    # Another song needs another id at the composer, but the day's song is remembered under its own.
    assert station.composer.asked[-1].id != written.id == song.id


async def test_what_an_admin_hears_ahead_is_what_is_posted_and_nobody_else_hears_it(station: Station) -> None:
    schedule = await station.set_up("metal", "jazz")
    admin, reply = Requester("user-2", "ada"), FakeReply()
    await station.daily.rehearse(schedule, admin, reply)
    (heard,) = reply.songs
    assert reply.shown
    assert station.messenger.posts == []
    assert (station.composer.asked[0].requester, station.composer.asked[0].priority) == (admin, Priority.INTERACTIVE)
    await station.clock.turn_to(DUE)
    ((_, posted, _),) = station.messenger.posts
    assert (posted.id, posted.recipe) == (heard.id, heard.recipe)
    assert not any(asked.seed_drawn for asked in station.composer.asked)  # or busy hours would make another song of it


async def test_hearing_it_ahead_twice_or_while_it_is_being_written_is_the_same_song(station: Station) -> None:
    schedule = await station.set_up("metal")
    station.composer.gate.clear()
    station.clock.instant = DUE - 5 * MINUTE
    reply = FakeReply()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(station.daily.write_ahead(schedule.id))
        tasks.create_task(station.daily.rehearse(schedule, MEL, reply))
        await station.composer.composing.wait()
        station.composer.gate.set()
    await station.daily.rehearse(schedule, MEL, reply)
    assert len({song.id for song in reply.songs}) == 1
    assert station.composer.cancelled == []


async def test_a_channel_without_a_daily_song_has_none_to_hear_or_to_skip(station: Station) -> None:
    await station.set_up("metal")
    elsewhere = Place("discord", "guild-1", "another channel")
    with pytest.raises(NoDaily):
        await station.daily.upcoming(elsewhere)
    with pytest.raises(NoDaily):
        await station.daily.skip(elsewhere)


async def test_a_paused_daily_song_says_so_instead_of_being_heard_or_skipped(station: Station) -> None:
    await station.schedules.save(replace(await station.set_up("metal"), paused="the channel is gone"))
    with pytest.raises(DailyPaused):
        await station.daily.upcoming(PLACE)
    with pytest.raises(DailyPaused):
        await station.daily.skip(PLACE)


async def test_what_goes_wrong_while_an_admin_waits_is_told_and_costs_no_song(station: Station) -> None:
    schedule = await station.set_up("metal")
    reply = FakeReply()
    station.composer.failures = [ComposerUnavailable(), RuntimeError("a bug")]
    for _ in range(2):
        await station.daily.rehearse(schedule, MEL, reply)
    station.off.off.add((PLACE.platform, PLACE.workspace, "metal"))
    await station.daily.rehearse(schedule, MEL, reply)
    assert [error.code for error in reply.errors] == ["composer_unavailable", "failed", GenreDisabled.code]
    station.off.off.clear()
    await station.clock.turn_to(DUE)
    assert len(station.messenger.posts) == 1


async def test_a_skipped_song_does_not_come_and_the_one_after_it_does(station: Station) -> None:
    await station.set_up("metal")
    skipped, later = await station.daily.skip(PLACE)
    assert (skipped.next_run_utc, later.next_run_utc) == (DUE, DUE + DAY)
    await station.clock.turn_to(DUE + MINUTE)
    assert station.messenger.posts == station.composer.asked == []
    await station.restart(DUE + 2 * MINUTE)
    await station.clock.turn_to(DUE + DAY)
    assert len(station.messenger.posts) == 1
    assert station.messenger.told == []


async def test_two_songs_can_be_skipped_one_after_the_other(station: Station) -> None:
    await station.set_up("metal")
    await station.daily.skip(PLACE)
    _, later = await station.daily.skip(PLACE)
    await station.clock.turn_to(DUE + 2 * DAY)
    assert later.next_run_utc == DUE + 2 * DAY
    assert len(station.messenger.posts) == 1


async def test_a_song_on_its_way_cannot_be_skipped_any_more(station: Station) -> None:
    schedule = await station.set_up("metal")
    async with station.on_its_way(schedule):
        with pytest.raises(DailyUnderway):
            await station.daily.skip(PLACE)
    assert len(station.messenger.posts) == 1


async def test_ending_a_daily_song_ends_writing_it_ahead(station: Station) -> None:
    await station.set_up("metal")
    await station.daily.remove(PLACE)
    assert station.clock.calls == {}
    await station.clock.turn_to(DUE + DAY)
    assert station.composer.asked == []
