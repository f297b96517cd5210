"""Tokens that end after hours are renewed in time, once, and are never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from adapters.slack.clients import make_tokens_client
from adapters.slack.installs import SlackInstalls
from adapters.slack.refusals import NotInstalled, SlackShut, explain
from adapters.slack.tokens import Tokens
from bot.settings import SlackSettings
from tests.fakes.slack_api import SlackApi
from tests.fakes.slack_edge import Refusal, SlackEdge
from tests.fakes.slack_oauth import CLIENT_ID, CLIENT_SECRET, TWELVE_HOURS_S, SlackOAuth
from tests.fakes.storage import FakeInstallations

TEAM = "T0BAND"
ACCESS = "oauth.v2.access"


@dataclass
class Desk:
    edge: SlackEdge
    oauth: SlackOAuth
    kept: FakeInstallations
    installs: SlackInstalls

    def tokens(self) -> Tokens:
        """Those of one process."""
        client = make_tokens_client(SlackSettings(api_base=self.edge.api_base))
        rotator = AsyncTokenRotator(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, client=client)
        return Tokens(self.installs, self.kept, rotator)

    async def install(self, lasting_s: int | None) -> str:
        """Installs the app with a token that is good for so long, and later ones for twelve hours; returns it."""
        self.oauth.lasting_s = lasting_s
        given = await self.oauth.access(
            {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": self.oauth.allow(TEAM)}
        )
        self.oauth.lasting_s = TWELVE_HOURS_S
        token: str = given["access_token"]
        installation = Installation(
            team_id=TEAM,
            user_id="U0ADA",
            bot_token=token,
            bot_id="B0LNH",
            bot_user_id="U0LNH",
            bot_refresh_token=given.get("refresh_token"),
            bot_token_expires_in=lasting_s,
        )
        await self.installs.async_save(installation)
        return token


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    api, kept = SlackApi(), FakeInstallations()
    oauth = SlackOAuth({TEAM: api})
    async with SlackEdge(api, oauth=oauth).serve() as edge:
        yield Desk(edge, oauth, kept, SlackInstalls(kept))


@pytest.mark.parametrize("lasting_s", [None, TWELVE_HOURS_S])
async def test_a_token_that_is_good_for_long_is_used_as_it_is(desk: Desk, lasting_s: int | None) -> None:
    token = await desk.install(lasting_s)
    assert await desk.tokens().token(TEAM) == token
    assert desk.oauth.renewals == []


@pytest.mark.parametrize("lasting_s", [0, 3600])
async def test_a_token_that_ends_soon_is_renewed_once_for_all_who_want_it_at_once(desk: Desk, lasting_s: int) -> None:
    old = await desk.install(lasting_s)
    here, elsewhere = desk.tokens(), desk.tokens()
    got = await asyncio.gather(*(tokens.token(TEAM) for tokens in (here, elsewhere) for _ in range(4)))
    assert desk.oauth.renewals == [TEAM]
    assert set(got) == {await here.token(TEAM)} != {old}
    assert desk.oauth.api(got[0]) is desk.edge.api


async def test_a_renewed_token_can_be_renewed_again(desk: Desk) -> None:
    await desk.install(0)
    desk.oauth.lasting_s = 0
    first = await desk.tokens().token(TEAM)
    assert await desk.tokens().token(TEAM) != first
    assert desk.oauth.renewals == [TEAM, TEAM]


async def test_what_slack_gave_is_kept_although_nobody_waits_for_it_any_more(desk: Desk) -> None:
    await desk.install(0)
    desk.oauth.gate.clear()
    desk.oauth.asked.clear()
    asking = asyncio.create_task(desk.tokens().token(TEAM))
    await desk.oauth.asked.wait()
    asking.cancel()
    desk.oauth.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert desk.oauth.api(await desk.tokens().token(TEAM)) is desk.edge.api
    assert desk.oauth.renewals == [TEAM]


async def test_an_app_that_is_uninstalled_while_its_token_is_renewed_stays_uninstalled(desk: Desk) -> None:
    await desk.install(0)
    desk.oauth.gate.clear()
    desk.oauth.asked.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.tokens().token(TEAM))
        await desk.oauth.asked.wait()
        await desk.installs.async_delete_bot(enterprise_id=None, team_id=TEAM)
        desk.oauth.gate.set()
    assert desk.kept.tokens == {}


async def test_slack_is_not_asked_again_and_again_for_what_it_just_refused(desk: Desk) -> None:
    old = await desk.install(3600)
    desk.edge.refuse(ACCESS, Refusal("internal_error"))
    tokens = desk.tokens()
    assert [await tokens.token(TEAM) for _ in range(3)] == [old] * 3
    assert desk.oauth.renewals == []


async def test_an_ended_token_that_is_not_renewed_is_the_end(desk: Desk) -> None:
    await desk.install(0)
    desk.edge.refuse(ACCESS, Refusal("invalid_refresh_token"))
    with pytest.raises(SlackApiError) as caught:
        await desk.tokens().token(TEAM)
    failure = explain(caught.value)
    assert (type(failure), failure.code) == (SlackShut, "slack_signed_out")


async def test_where_nobody_installed_it_there_is_no_token(desk: Desk) -> None:
    with pytest.raises(NotInstalled) as caught:
        await desk.tokens().token("T1CLUB")
    assert isinstance(explain(caught.value), SlackShut)


async def test_an_installation_comes_back_as_it_was_kept(desk: Desk) -> None:
    await desk.install(3600)
    bot = await desk.installs.async_find_bot(enterprise_id="E1", team_id=TEAM)
    again = await desk.installs.bot_of(TEAM)
    assert bot is not None
    assert again is not None
    await desk.installs.async_save_bot(bot)
    assert again.to_dict() == bot.to_dict()
    assert (bot.bot_user_id, bot.bot_refresh_token in desk.oauth.given) == ("U0LNH", True)


async def test_an_installation_without_a_workspace_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="organisation"):
        await desk.installs.async_save(Installation(user_id="U0ADA", enterprise_id="E1", is_enterprise_install=True))
