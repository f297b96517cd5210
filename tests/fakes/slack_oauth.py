"""The part of slack.com that gives tokens to an app which many workspaces install, and the browsers of those people."""

import asyncio
import html
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientSession, DummyCookieJar

from tests.fakes.slack_api import LEAST_SCOPES, Answer, Arguments, SlackApi, WebApi, Workspace

CLIENT_ID, CLIENT_SECRET = "12.34", "a client secret"
OAUTH = {"bot_token": None, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
TWELVE_HOURS_S = 43_200
SECOND = Workspace("T1CLUB", "U1LNH", "U1EVE", "U1DAN", "C1SONGS", "C1SECRET")


def two_workspaces() -> tuple[SlackApi, SlackApi]:
    """Two that share nothing, not even the id of a file."""
    return SlackApi(), SlackApi(SECOND, _count=itertools.count(1001))


@dataclass
class SlackOAuth:
    """`oauth.v2.access` for the apps of some workspaces. What was given before ends at once when a token is renewed.

    `lasting_s` is for how long the next tokens are good, None for ever; `renewals` are the workspaces, in their order.
    Answers wait while `gate` is closed; `asked` is set once somebody waits for one.
    """

    apis: Mapping[str, WebApi]
    lasting_s: int | None = TWELVE_HOURS_S
    is_for_an_organisation: bool = False
    renewals: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    _codes: dict[str, str] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.gate.set()

    def allow(self, team: str) -> str:
        """Somebody allows it in a workspace: the code that goes back with the browser."""
        code = f"code-{next(self._count)}"
        self._codes[code] = team
        return code

    def api(self, token: str) -> WebApi | None:
        """The workspace that a token is good for."""
        team = self.tokens.get(token)
        return None if team is None else self.apis[team]

    async def access(self, arguments: Arguments) -> Answer:
        self.asked.set()
        await self.gate.wait()
        if (arguments.get("client_id"), arguments.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"ok": False, "error": "bad_client_secret"}
        if arguments.get("grant_type") != "refresh_token":
            team = self._codes.pop(arguments.get("code", ""), None)
            return {"ok": False, "error": "invalid_code"} if team is None else self._give(team)
        team = self._refresh.pop(arguments.get("refresh_token", ""), None)
        if team is None:
            return {"ok": False, "error": "invalid_refresh_token"}
        self.renewals.append(team)
        return self._give(team)

    def revoke(self, team: str) -> None:
        """Slack takes back what a workspace gave."""
        self.tokens = {token: other for token, other in self.tokens.items() if other != team}
        self._refresh = {token: other for token, other in self._refresh.items() if other != team}

    def _give(self, team: str) -> Answer:
        self.revoke(team)
        here, number = self.apis[team].workspace, next(self._count)
        token, refresh = f"xoxe.xoxb-{number}-{team}", f"xoxe-{number}-{team}"
        self.tokens[token] = team
        self.given += [token]
        answer: Answer = {"ok": True, "access_token": token, "token_type": "bot", "app_id": "A0LNH"}
        answer |= {"scope": ",".join(LEAST_SCOPES), "bot_user_id": here.bot_user, "authed_user": {"id": here.admin}}
        answer |= {"team": None if self.is_for_an_organisation else {"id": team, "name": team}}
        answer |= {"is_enterprise_install": self.is_for_an_organisation, "enterprise": None}
        if self.lasting_s is not None:
            self._refresh[refresh] = team
            self.given += [refresh]
            answer |= {"refresh_token": refresh, "expires_in": self.lasting_s}
        return answer


@dataclass
class Browser:
    """Whoever installs the app at `url`: opens the page, follows its button, and comes back. Keeps Slack's cookie."""

    url: str
    cookie: str = ""
    asked: dict[str, str] = field(default_factory=dict)

    async def open_page(self) -> str:
        """Opens the page and reads its button; returns the address of the button."""
        async with ClientSession() as http, http.get(f"{self.url}/slack/install") as answer:
            page, self.cookie = await answer.text(), answer.headers["Set-Cookie"].partition(";")[0]
        (link,) = re.findall(r'href="([^"]*/oauth/v2/authorize[^"]*)"', page)
        address = html.unescape(link)
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return address

    async def come_back(self, **query: str) -> tuple[int, str]:
        """Goes where Slack sends it, with `query` and the cookie; returns the status and the page."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        async with (
            ClientSession(cookie_jar=DummyCookieJar()) as http,
            http.get(f"{self.url}/slack/oauth_redirect", params=query, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    async def install(self, oauth: SlackOAuth, team: str) -> tuple[int, str]:
        """The whole way, for a workspace in which somebody allows it."""
        await self.open_page()
        return await self.come_back(code=oauth.allow(team), state=self.asked["state"])
