"""The Slack adapter against a Slack that other people wrote: emulate, with strict scopes, behind the edge.

Its token has the scopes of the manifest and no other, so these tests also prove that they suffice.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import ClientSession

from tests.fakes.band import BandForTests
from tests.fakes.slack_edge import Actor, SlackEdge
from tests.fakes.slack_emulate import PUBLIC_URL, EmulateOAuth, run_emulate, why_not
from tests.fakes.slack_oauth import OAUTH, Browser
from tests.fakes.slack_running import running

pytestmark = [pytest.mark.node, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]


@pytest.fixture
def band() -> BandForTests:
    return BandForTests()


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[SlackEdge]:
    async with run_emulate(tmp_path) as api, SlackEdge(api).serve() as edge:
        yield edge


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_song_and_another_one_after_a_restart(edge, band, mode):
    async with running(edge, band, mode):
        await edge.command("/compose", "metal 140bpm Em")
        await edge.called("chat.delete")
    (message,) = await edge.history()
    assert [file["name"].rpartition(".")[2] for file in message["files"]] == ["png", "mp3", "mid"]
    assert await edge.api.content(message["files"][1]) == b"ID3"
    async with running(edge, BandForTests(songs=band.songs), mode):
        await edge.click(message)
        await edge.called("chat.delete", times=2)
    assert len(await edge.history()) == 2


async def test_song_is_remixed_with_what_is_filled_into_a_form(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal 140bpm Em")
        await edge.called("chat.delete")
        (song,) = await edge.history()
        await edge.click(song, pressed="lnh.remix_with")
        await edge.called("views.open")
        await edge.hand_in(edge.views.opened[0], genre="jazz", tempo="96", keep=["lead"])
        await edge.called("chat.delete", times=2)
    remix = band.composer.asked[1].spec
    assert (remix.main_genre, remix.tempo, remix.edit.keep) == ("jazz", 96, ("lead",))
    assert len(await edge.history()) == 2


async def test_mention_in_a_thread_is_answered_there(edge, band):
    here = edge.api.workspace
    question = await edge.api.call("chat.postMessage", {"channel": here.channel, "text": "hi"}, here.admin_token)
    async with running(edge, band):
        await edge.mention("metal", Actor(here.team, here.channel, here.member, "mel", question["ts"]))
        await edge.called("chat.delete")
    first, song = await edge.history(thread=question["ts"])
    assert (first["text"], len(song["files"])) == ("hi", 3)


async def test_admins_switch_genres_and_set_up_daily_songs(edge, band):
    here = edge.api.workspace
    admin = Actor(here.team, here.channel, here.admin, "ada")
    async with running(edge, band):
        await edge.command("/genres", "disable punk")
        assert "Only admins" in (await edge.responded())["text"]
        await edge.command("/genres", "disable punk", admin)
        assert "Punk" in (await edge.responded(2))["text"]
        await edge.command("/daily", "18:30 Europe/Berlin metal", admin)
        await edge.responded(3)
        await band.next_day()
    (message,) = await edge.history()
    assert len(message["files"]) == 3


async def test_private_channel_without_us_is_explained(edge, band):
    here = edge.api.workspace
    async with running(edge, band):
        await edge.command("/compose", "metal", Actor(here.team, here.private, here.member, "mel"))
        assert "/invite" in (await edge.responded())["text"]
    assert band.composer.asked == []


async def test_a_workspace_installs_the_app_and_gets_songs_and_daily_songs_with_its_token(edge, band):
    here = edge.api.workspace
    admin = Actor(here.team, here.channel, here.admin, "ada")
    async with ClientSession() as http, running(edge, band, "http", **OAUTH, public_url=PUBLIC_URL) as adapter:
        edge.oauth = EmulateOAuth(edge.api, http)
        somebody = Browser(f"http://127.0.0.1:{adapter.http_port}")
        await somebody.open_page()
        back = urlsplit(await edge.oauth.allow(somebody.asked))
        assert f"{back.scheme}://{back.netloc}{back.path}" == f"{PUBLIC_URL}/slack/oauth_redirect"
        status, page = await somebody.come_back(**dict(parse_qsl(back.query)))
        assert (status, "Thank you" in page) == (200, True)
        await edge.command("/compose", "metal")
        await edge.called("chat.delete")
        await edge.command("/daily", "18:30 Europe/Berlin metal", admin)
        await edge.responded()
        await band.next_day()
    songs = await edge.history()
    assert [len(song["files"]) for song in songs] == [3, 3]
    assert len(edge.oauth.tokens) == 1
