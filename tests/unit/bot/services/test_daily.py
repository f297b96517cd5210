"""A daily song is posted exactly once, at the right local time, or the admin hears why not."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.daily_text import DailyWish
from bot.domain.errors import Busy, ComposerUnavailable, DeliveryFailed, GenreDisabled, PlaceGone
from bot.domain.request import Place, Requester
from bot.domain.weekdays import MONDAY_TO_FRIDAY, WEEKEND
from inference.music.errors import InvalidSpec, UnknownGenre
from tests.fakes.clock import FakeClock
from tests.fakes.daily_station import AT, BERLIN, DAY, DUE, Station
from tests.fakes.songs import CATALOGUE, MEL, PLACE

ON_TIME = "The song of the day."
HOUR = timedelta(hours=1)


@pytest.fixture
def station() -> Station:
    return Station()


async def test_a_daily_song_is_posted_every_day_at_its_local_time(station: Station) -> None:
    assert (await station.set_up("metal")).next_run_utc == DUE
    await station.clock.turn_to(DUE - timedelta(seconds=1))
    assert station.messenger.posts == []
    await station.clock.turn_to(DUE)
    assert station.notes == [ON_TIME]
    await station.clock.turn_to(DUE + 6 * DAY)
    assert len(station.messenger.posts) == 7
    assert station.messenger.told == []
    assert {place for place, _, _ in station.messenger.posts} == {PLACE}


async def test_its_genres_rotate_by_day_and_each_day_has_another_song(station: Station) -> None:
    await station.set_up("heavy metal", "jazz")
    await station.clock.turn_to(DUE + 3 * DAY)
    played = [song.genre for _, song, _ in station.messenger.posts]
    assert played in (["metal", "jazz"] * 2, ["jazz", "metal"] * 2)
    assert len({song.recipe.sampling.seed for _, song, _ in station.messenger.posts}) == 4


async def test_a_song_may_come_on_chosen_days_of_the_week_only(station: Station) -> None:
    await station.set_up("metal", days=MONDAY_TO_FRIDAY)  # the first of July 2026 is a Wednesday
    played: list[int] = []
    for day in range(14):
        await station.clock.turn_to(DUE + day * DAY)
        played.append(len(station.messenger.posts))
    assert played == [1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 8, 8, 9, 10]
    assert (await station.only()).next_run_utc == DUE + 14 * DAY


async def test_genres_take_turns_from_one_chosen_day_to_the_next(station: Station) -> None:
    await station.set_up("metal", "jazz", "punk", days=WEEKEND)
    await station.clock.turn_to(DUE + 21 * DAY)
    played = [song.genre for _, song, _ in station.messenger.posts]
    assert len(played) == 6
    assert played[:3] == played[3:]
    assert set(played[:3]) == {"metal", "jazz", "punk"}


async def test_after_days_missed_the_next_song_is_on_a_chosen_day(station: Station) -> None:
    await station.set_up("metal", days=frozenset({2}))
    await station.restart(DUE + 8 * DAY)
    assert station.messenger.posts == []
    assert (await station.only()).next_run_utc == DUE + 14 * DAY


async def test_without_genres_any_enabled_one_is_played(station: Station) -> None:
    for name in CATALOGUE.names[2:]:
        station.off.off.add(("discord", "guild-1", name))
    await station.set_up()
    await station.clock.turn_to(DUE + 20 * DAY)
    assert {song.genre for _, song, _ in station.messenger.posts} == set(CATALOGUE.names[:2])


async def test_people_can_ask_for_another_of_a_daily_song(station: Station) -> None:
    await station.set_up("metal")
    await station.clock.turn_to(DUE)
    ((_, song, _),) = station.messenger.posts
    assert (await station.songs.request(song.id)).spec.main_genre == "metal"
    assert await station.songs.pending() == []


@pytest.mark.parametrize("zone", ["Berlinn", "Mars/Olympus", "../etc/passwd", ""])
async def test_a_zone_that_is_none_is_refused_with_an_example(station: Station, zone: str) -> None:
    with pytest.raises(InvalidSpec, match="such as Europe/Berlin"):
        await station.set_up("metal", zone=zone)
    assert await station.schedules.list() == []


async def test_genres_that_cannot_be_played_there_are_refused(station: Station) -> None:
    station.off.off.add(("discord", "guild-1", "jazz"))
    with pytest.raises(GenreDisabled):
        await station.set_up("metal", "jazz")
    with pytest.raises(UnknownGenre):
        await station.set_up("polka")


async def test_a_channel_has_one_daily_song_and_setting_it_again_replaces_it(station: Station) -> None:
    await station.set_up("metal")
    await station.set_up("jazz", at=time(20, 0))
    await station.clock.turn_to(DUE + 2 * HOUR)
    assert [song.genre for _, song, _ in station.messenger.posts] == ["jazz"]


async def test_a_thread_shares_the_daily_song_of_its_channel(station: Station) -> None:
    thread = Place(PLACE.platform, PLACE.workspace, PLACE.channel, "t1")
    await station.daily.set(thread, DailyWish(AT, BERLIN), MEL)
    assert (await station.only()).place == PLACE
    assert await station.daily.remove(thread)


async def test_a_removed_daily_song_owes_nothing(station: Station) -> None:
    await station.set_up("metal")
    station.messenger.failures.append(DeliveryFailed(reason="Slack is down"))
    await station.clock.turn_to(DUE)
    assert len(await station.songs.pending()) == 1
    assert await station.daily.remove(PLACE)
    assert await station.songs.pending() == []


async def test_a_removed_daily_song_is_posted_no_more(station: Station) -> None:
    await station.set_up("metal")
    assert await station.daily.remove(PLACE)
    assert not await station.daily.remove(PLACE)
    assert station.clock.calls == {}
    await station.clock.turn_to(DUE + DAY)
    assert station.messenger.posts == []


async def test_a_workspace_lists_its_own(station: Station) -> None:
    await station.set_up("metal")
    assert [schedule.place for schedule in await station.daily.list("discord", "guild-1")] == [PLACE]
    assert await station.daily.list("discord", "guild-2") == ()


async def test_a_restart_neither_loses_nor_repeats_a_day(station: Station) -> None:
    await station.set_up("metal")
    await station.restart(DUE - HOUR)
    await station.clock.turn_to(DUE)
    await station.restart(DUE + timedelta(seconds=30))
    await station.restart(DUE + HOUR)
    assert station.notes == [ON_TIME]
    await station.clock.turn_to(DUE + DAY)
    assert station.notes == [ON_TIME, ON_TIME]


async def test_a_song_missed_by_less_than_the_window_is_posted_with_a_note(station: Station) -> None:
    await station.set_up("metal")
    await station.restart(DUE + HOUR)
    assert station.notes == ["The song of the day, a little late: it was due at 18:30."]
    assert (await station.only()).next_run_utc == DUE + DAY


async def test_days_missed_by_more_are_skipped_and_the_admin_told_once(station: Station) -> None:
    await station.set_up("metal")
    await station.restart(DUE + 3 * DAY + 3 * HOUR)
    assert station.messenger.posts == []
    assert station.messenger.told == ["No daily song on 2026-07-01: I was not running at that time"]
    assert (await station.only()).next_run_utc == DUE + 4 * DAY


async def test_a_crash_after_the_claim_still_posts_once_within_the_window(station: Station) -> None:
    schedule = await station.set_up("metal")
    station.composer.gate.clear()
    station.clock.instant = DUE
    running = asyncio.ensure_future(station.daily.run(schedule.id))
    await station.composer.composing.wait()
    running.cancel()
    await asyncio.wait([running])
    assert len(station.schedules.unsettled) == 1
    station.composer.gate.set()
    await station.restart(DUE + timedelta(minutes=2))
    await station.restart(DUE + timedelta(minutes=3))
    assert len(station.messenger.posts) == 1
    assert station.schedules.unsettled == ()


async def test_a_crash_after_delivery_does_not_post_again(station: Station) -> None:
    schedule = await station.set_up("metal")
    await station.clock.turn_to(DUE)
    station.schedules.settled[schedule.id, date(2026, 7, 1)] = False
    await station.schedules.save(schedule)
    station.messenger.nonces.clear()  # the platform remembers them for minutes only
    await station.restart(DUE + HOUR)
    assert len(station.messenger.posts) == 1


async def test_of_two_processes_one_posts(station: Station) -> None:
    await station.set_up("metal")
    other = station.process()
    schedule = await station.only()
    station.clock.instant = DUE
    await asyncio.gather(station.daily.run(schedule.id), other.run(schedule.id))
    assert len(station.composer.asked) == len(station.messenger.posts) == 1
    await station.clock.turn_to(DUE + DAY)
    assert len(station.messenger.posts) == 2


@pytest.mark.parametrize(
    "failure",
    [ComposerUnavailable(), Busy(retry_after_s=30), RuntimeError("a bug")],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_may_pass_is_tried_again_inside_the_window(station: Station, failure: Exception) -> None:
    await station.set_up("metal")
    station.composer.failures = [failure] * 3
    await station.clock.turn_to(DUE + 2 * HOUR)
    assert len(station.messenger.posts) == 1
    assert station.messenger.told == []


async def test_a_post_that_failed_is_tried_again(station: Station) -> None:
    await station.set_up("metal")
    station.messenger.failures = [DeliveryFailed(reason="500")] * 2
    await station.clock.turn_to(DUE + 2 * HOUR)
    assert len(station.messenger.posts) == 1
    assert {request.id for request in station.composer.asked} == {station.messenger.posts[0][1].id}


async def test_what_never_passes_is_skipped_after_the_window_with_its_reason(station: Station) -> None:
    await station.set_up("metal")
    station.composer.failures = [ComposerUnavailable()] * 100
    await station.clock.turn_to(DUE + 2 * HOUR)
    (told,) = station.messenger.told
    assert told.startswith("No daily song on 2026-07-01: The composer does not answer")
    attempts = len(station.composer.asked)  # every minute ahead of the hour, less and less often after it
    assert 15 <= attempts <= 35
    assert await station.songs.pending() == []
    station.composer.failures.clear()
    await station.clock.turn_to(DUE + DAY)
    assert len(station.messenger.posts) == 1


async def test_retries_survive_a_restart(station: Station) -> None:
    await station.set_up("metal")
    station.composer.failures = [ComposerUnavailable()] * 2
    await station.clock.turn_to(DUE + timedelta(seconds=30))
    await station.restart(DUE + timedelta(minutes=1))
    await station.restart(DUE + timedelta(minutes=2))
    assert len(station.messenger.posts) == 1


async def test_a_genre_disabled_since_is_left_out_and_when_none_is_left_the_admin_hears(station: Station) -> None:
    await station.set_up("metal", "jazz")
    station.off.off.add(("discord", "guild-1", "jazz"))
    await station.clock.turn_to(DUE + DAY)
    assert [song.genre for _, song, _ in station.messenger.posts] == ["metal", "metal"]
    station.off.off.add(("discord", "guild-1", "metal"))
    await station.clock.turn_to(DUE + 2 * DAY)
    (told,) = station.messenger.told
    assert "switched off here" in told
    assert len(station.messenger.posts) == 2


async def test_a_channel_that_is_gone_pauses_the_schedule_and_tells_the_admin(station: Station) -> None:
    await station.set_up("metal")
    station.messenger.failures = [PlaceGone(reason="Unknown Channel")]
    await station.clock.turn_to(DUE + 5 * DAY)
    (told,) = station.messenger.told
    assert "Unknown Channel" in told
    assert (await station.only()).paused is not None
    await station.restart(DUE + 6 * DAY)
    assert len({request.id for request in station.composer.asked}) == 1
    assert await station.songs.pending() == []
    await station.set_up("metal")
    await station.clock.turn_to(DUE + 7 * DAY)
    assert len(station.messenger.posts) == 1


async def test_a_platform_that_is_not_there_yet_is_waited_for(station: Station) -> None:
    await station.set_up("metal")
    station.is_connected = False
    await station.restart(DUE)
    assert station.messenger.posts == []
    station.is_connected = True
    await station.restart(DUE + timedelta(minutes=10))
    assert len(station.messenger.posts) == 1


async def test_admins_read_their_own_language(station: Station) -> None:
    await station.daily.set(PLACE, DailyWish(AT, BERLIN), Requester("u", "u", "de-AT"))
    await station.restart(DUE + DAY - HOUR)
    assert station.messenger.told == ["Kein täglicher Song am 2026-07-01: Zu der Zeit lief ich nicht"]


@given(
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from([BERLIN, "Australia/Lord_Howe", "America/Nuuk", "Africa/Cairo", "Pacific/Apia"]),
    start=st.datetimes(datetime(2011, 3, 1), datetime(2011, 12, 31)),
    restarts=st.lists(st.integers(1, 100), max_size=4),
)
@settings(max_examples=60)
async def test_through_any_edge_of_daylight_saving_each_day_has_one_song(
    at: time, zone: str, start: datetime, restarts: list[int]
) -> None:
    station = Station(clock=FakeClock(start.replace(tzinfo=UTC)))
    await station.set_up("metal", at=at, zone=zone)
    for minutes in restarts:
        await station.restart()
        await station.clock.pass_time(timedelta(minutes=minutes))
    await station.clock.turn_to(start.replace(tzinfo=UTC) + 4 * DAY)
    assert 3 <= len(station.messenger.posts) <= 5
    assert len({song.id for _, song, _ in station.messenger.posts}) == len(station.messenger.posts)
    assert station.messenger.told == []
