"""An app that many workspaces install, with the real Bolt, its OAuth flow and the real store over real sockets."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as wall_time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.storage import Storage, open_storage
from adapters.telemetry.logs import set_up_logs
from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.privacy import Kept, Owner
from bot.domain.request import Place
from bot.messages import say
from tests.fakes.band import BandForTests
from tests.fakes.logs import logging_restored
from tests.fakes.slack_api import LEAST_SCOPES
from tests.fakes.slack_edge import Actor, Refusal, SlackEdge
from tests.fakes.slack_oauth import CLIENT_ID, CLIENT_SECRET, OAUTH, SECOND, Browser, SlackOAuth, two_workspaces
from tests.fakes.slack_running import running
from tests.fakes.slack_scene import MODES, delivered
from tests.fakes.songs import request_for, song_for

FIRST = "T0BAND"
KEY, WRONG = "A" * 43 + "=", "B" * 42 + "A="
EVE = Actor(SECOND.team, SECOND.channel, SECOND.admin, "eve")
ACCESS = "oauth.v2.access"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = await open_storage(_url(tmp_path))
    yield storage
    await storage.close()


@pytest.fixture
def band(storage: Storage) -> BandForTests:
    return BandForTests(installations=storage.installations, records=storage.records)


@pytest.fixture
async def edge() -> AsyncIterator[SlackEdge]:
    first, second = two_workspaces()
    oauth = SlackOAuth({first.workspace.team: first, second.workspace.team: second})
    async with SlackEdge(first, oauth=oauth).serve() as edge:
        yield edge


def browser(adapter) -> Browser:
    return Browser(f"http://127.0.0.1:{adapter.http_port}")


async def install(adapter, edge, *teams):
    for team in teams:
        status, page = await browser(adapter).install(edge.oauth, team)
        assert (status, "Thank you" in page) == (200, True)


def there(edge):
    """The Web API of the second workspace."""
    return edge.oauth.apis[SECOND.team]


@pytest.mark.parametrize("mode", MODES)
async def test_each_of_two_workspaces_that_install_the_app_gets_its_own_songs(edge, band, mode):
    async with running(edge, band, mode, **OAUTH) as adapter:
        await install(adapter, edge, FIRST, SECOND.team)
        await edge.command("/compose", "metal")
        await delivered(band, 1)
        await edge.command("/compose", "punk", EVE)
        await delivered(band, 2)
    (metal,), (punk,) = await edge.history(), await edge.history(api=there(edge))
    assert [len(song["files"]) for song in (metal, punk)] == [3, 3]
    assert [request.place.workspace for request in band.composer.asked] == [FIRST, SECOND.team]
    assert [request.spec.main_genre for request in band.composer.asked] == ["metal", "punk"]


async def test_buttons_mentions_and_direct_messages_are_answered_in_their_workspace(edge, band):
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, FIRST, SECOND.team)
        await edge.mention("metal", EVE)
        await delivered(band, 1)
        (song,) = await edge.history(api=there(edge))
        await edge.click(song, EVE)
        await delivered(band, 2)
        await edge.direct("metal", EVE)
        await delivered(band, 3)
    assert {request.place.workspace for request in band.composer.asked} == {SECOND.team}
    assert edge.api.messages == []


async def test_the_page_asks_for_the_scopes_of_the_manifest_and_sends_back_here(edge, band):
    async with running(edge, band, "http", **OAUTH, public_url="https://lnh.example/") as adapter:
        somebody = browser(adapter)
        address = await somebody.open_page()
    assert address.startswith(f"{edge.url}/oauth/v2/authorize?")
    assert somebody.asked["client_id"] == CLIENT_ID
    assert set(somebody.asked["scope"].split(",")) == set(LEAST_SCOPES)
    assert somebody.asked["redirect_uri"] == "https://lnh.example/slack/oauth_redirect"
    assert "user_scope" not in somebody.asked


async def test_a_daily_song_in_the_second_workspace_renews_its_ended_token_once(edge, band):
    edge.oauth.lasting_s = 0
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, FIRST, SECOND.team)
        edge.oauth.lasting_s = 43_200
        await edge.command("/daily", "18:30 Europe/Berlin metal", EVE)
        await edge.responded()
        assert edge.oauth.renewals == [SECOND.team]
        await band.next_day()
    (song,) = await edge.history(api=there(edge))
    assert len(song["files"]) == 3
    assert edge.oauth.renewals == [SECOND.team]
    assert await edge.history() == []


async def test_songs_that_two_processes_post_at_once_renew_an_ended_token_once(edge, band, tmp_path):
    edge.oauth.lasting_s = 0
    elsewhere = await open_storage(_url(tmp_path))
    other = BandForTests(installations=elsewhere.installations)
    async with running(edge, band, "http", **OAUTH) as here, running(edge, other, "http", **OAUTH) as there_too:
        await install(here, edge, SECOND.team)
        edge.oauth.lasting_s = 43_200
        place, song = Place("slack", SECOND.team, SECOND.channel), song_for(request_for())
        messengers = [here.messenger, here.messenger, there_too.messenger, there_too.messenger]
        await asyncio.gather(*(messengers[n].post_song(place, song, None, f"nonce {n}") for n in range(4)))
    await elsewhere.close()
    assert edge.oauth.renewals == [SECOND.team]
    assert len(await edge.history(api=there(edge))) == 4


async def test_an_ended_token_that_slack_does_not_renew_pauses_the_daily_song(edge, band):
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, SECOND.team)
        await edge.command("/daily", "18:30 Europe/Berlin metal", EVE)
        await edge.responded()
        edge.oauth.lasting_s = 0
        await install(adapter, edge, SECOND.team)
        edge.refuse(ACCESS, *[Refusal("invalid_refresh_token")] * 9)
        await band.next_day()
    (schedule,) = await band.schedules.list()
    assert "install it again" in schedule.paused


async def test_a_token_that_slack_does_not_renew_yet_is_used_while_it_is_good(edge, band):
    edge.oauth.lasting_s = 60
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, FIRST)
        edge.refuse(ACCESS, Refusal("internal_error", status=500))
        with capture_logs() as logs:
            await edge.command("/compose", "metal")
            await delivered(band, 1)
    (song,) = await edge.history()
    assert len(song["files"]) == 3
    assert [entry["team"] for entry in logs if entry["event"] == "slack token not renewed"] == [FIRST]


async def test_uninstalling_takes_away_tokens_schedules_and_what_is_remembered(edge, band, storage):
    await _keep_something(storage, FIRST)
    await _keep_something(storage, SECOND.team)
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, FIRST, SECOND.team)
        edge.oauth.revoke(SECOND.team)
        await edge.removed(SECOND.team, {"type": "app_uninstalled"}, at=time.time() + 1)
        assert await storage.installations.find("slack", SECOND.team) is None
        assert await storage.records.kept(Owner("slack", SECOND.team)) == Kept()
        assert await storage.records.kept(Owner("slack", FIRST)) == Kept(1, 1, 1)
        assert "install it again" in (await _told(edge, EVE))["text"]
        await edge.command("/compose", "metal")
        await delivered(band, 1)


async def test_a_workspace_that_installs_again_plays_and_hears_no_late_goodbye(edge, band, storage):
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, SECOND.team)
        gone = time.time() + 1
        await edge.removed(SECOND.team, {"type": "tokens_revoked", "tokens": {"bot": [SECOND.bot_user]}}, at=gone)
        assert await storage.installations.find("slack", SECOND.team) is None
        await install(adapter, edge, SECOND.team)
        await edge.removed(SECOND.team, {"type": "app_uninstalled"}, at=gone - 60)
        await edge.command("/compose", "metal", EVE)
        await delivered(band, 1)
    assert len(await edge.history(api=there(edge))) == 1


async def test_a_person_who_takes_back_a_token_of_their_own_ends_nothing(edge, band, storage):
    async with running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, SECOND.team)
        await edge.removed(
            SECOND.team, {"type": "tokens_revoked", "tokens": {"oauth": [SECOND.member], "bot": []}}, time.time() + 1
        )
    assert await storage.installations.find("slack", SECOND.team) is not None


async def test_a_workspace_that_never_installed_the_app_is_told_so(edge, band):
    async with running(edge, band, **OAUTH):
        assert "install it again" in (await _told(edge, EVE))["text"]
    assert band.composer.asked == []


async def test_nobody_installs_with_a_forged_state_another_browser_or_a_code_that_was_used(edge, band, storage):
    async with running(edge, band, "http", **OAUTH) as adapter:
        somebody = browser(adapter)
        await somebody.open_page()
        state, code = somebody.asked["state"], edge.oauth.allow(SECOND.team)
        assert (await somebody.come_back(code=code, state="forged"))[0] == 400
        assert (await browser(adapter).come_back(code=code, state=state))[0] == 400
        assert (await somebody.come_back(error="access_denied", state=state))[0] == 200
        assert await storage.installations.find("slack", SECOND.team) is None
        assert (await somebody.come_back(code=code, state=state))[0] == 200
        assert (await somebody.come_back(code=code, state=state))[0] == 401
        await somebody.open_page()
        assert (await somebody.come_back(code=code, state=somebody.asked["state"]))[0] == 401


async def test_what_browsers_bring_is_shown_as_text(edge, band):
    async with running(edge, band, "http", **OAUTH) as adapter:
        _, page = await browser(adapter).come_back(error="<script>alert(1)</script>")
    assert "<script>alert" not in page


async def test_a_whole_organisation_cannot_install_it(edge, band, storage):
    edge.oauth.is_for_an_organisation = True
    async with running(edge, band, "http", **OAUTH) as adapter:
        status, _ = await browser(adapter).install(edge.oauth, SECOND.team)
    assert status == 500
    assert await storage.installations.find("slack", SECOND.team) is None


async def test_a_slack_that_cannot_be_reached_is_said_to_whoever_installs(edge, band):
    async with running(edge, band, "http", **OAUTH, api_base="http://127.0.0.1:1/api/") as adapter:
        somebody = browser(adapter)
        await somebody.open_page()
        status, page = await somebody.come_back(code="any", state=somebody.asked["state"])
    assert (status, "try again" in page) == (502, True)


async def test_no_token_and_no_secret_is_logged_however_much_else_is(edge, band, capsys):
    with logging_restored():
        set_up_logs("debug", "json")
        logging.getLogger("slack_sdk").setLevel(logging.DEBUG)
        edge.oauth.lasting_s = 0
        async with running(edge, band, "http", **OAUTH) as adapter:
            await install(adapter, edge, FIRST)
            edge.oauth.lasting_s = 43_200
            await edge.command("/compose", "metal")
            await delivered(band, 1)
    logged = capsys.readouterr().err
    assert "slack token renewed" in logged
    assert [secret for secret in (*edge.oauth.given, CLIENT_SECRET) if secret in logged] == []


@pytest.mark.parametrize("keys", [(), (WRONG,)])
async def test_a_workspace_whose_token_no_key_opens_is_told_and_stays_installed(edge, tmp_path, keys, capsys):
    async with _with_keys(tmp_path, KEY) as sealed, running(edge, sealed, **OAUTH) as adapter:
        await install(adapter, edge, FIRST, SECOND.team)
        await edge.command("/daily", "18:30 Europe/Berlin metal", EVE)
        await edge.responded()
    with logging_restored():
        set_up_logs("info", "json")
        async with (
            _with_keys(tmp_path, *keys, schedules=sealed.schedules) as band,
            running(edge, band, **OAUTH) as adapter,
        ):
            assert (await _told(edge, EVE))["text"] == say("tokens_locked", "en")
            await edge.mention("metal", EVE)
            await band.next_day()
            await edge.removed(SECOND.team, {"type": "app_uninstalled"}, at=time.time() + 1)
            assert band.composer.asked == []
            assert await edge.history(api=there(edge)) == []
            await install(adapter, edge, FIRST)
            await edge.command("/compose", "metal")
            await delivered(band, 1)
    (schedule,) = await sealed.schedules.list()
    assert schedule.paused is None
    assert "Traceback" not in capsys.readouterr().err
    async with _with_keys(tmp_path, *keys, KEY) as healed, running(edge, healed, **OAUTH):
        await edge.command("/compose", "metal", EVE)
        await delivered(healed, 1)
    assert len(await edge.history(api=there(edge))) == 1


async def test_renewed_tokens_are_encrypted_as_well(edge, tmp_path):
    edge.oauth.lasting_s = 0
    async with _with_keys(tmp_path, KEY) as band, running(edge, band, **OAUTH) as adapter:
        await install(adapter, edge, FIRST)
        edge.oauth.lasting_s = 43_200
        await edge.command("/compose", "metal")
        await delivered(band, 1)
        assert edge.oauth.renewals == [FIRST]
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("lnh.db*"))
    assert [token for token in edge.oauth.given if token.encode() in kept] == []


@asynccontextmanager
async def _with_keys(folder, *keys, **others):
    """A band whose tokens are kept with these keys."""
    storage = await open_storage(_url(folder), keys)
    try:
        yield BandForTests(installations=storage.installations, records=storage.records, **others)
    finally:
        await storage.close()


async def _told(edge, by):
    before = len(edge.responses)
    await edge.command("/compose", "metal", by)
    return await edge.responded(before + 1)


async def _keep_something(storage, team):
    request = request_for(f"song-{team}")
    place = replace(request.place, platform="slack", workspace=team)
    await storage.songs.accept(replace(request, place=place))
    await storage.genres.set_enabled("slack", team, "punk", enabled=False)
    at, due = wall_time(18, 30), datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
    await storage.schedules.save(
        DailySchedule(ScheduleId(team), place, at, "Europe/Berlin", (), request.requester, due)
    )


def _url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/lnh.db"
