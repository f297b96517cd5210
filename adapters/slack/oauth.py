"""An app that many workspaces install by a click: Bolt's OAuth v2 flow, and the tokens it brings."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from urllib.parse import urljoin

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from adapters.slack.access import Authorize
from adapters.slack.clients import SLACK_API, SlackClients, make_clients, make_tokens_client
from adapters.slack.installs import SlackInstalls, SlackStates
from adapters.slack.refusals import CALL_FAILURES
from adapters.slack.tokens import Tokens
from bot.domain.errors import TokensLocked
from bot.ports import Installations
from bot.settings import SlackSettings

INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"
SCOPES = ("commands", "app_mentions:read", "chat:write", "files:write", "users:read", "im:history")
CLICK_LASTS = timedelta(minutes=10)
_logger = structlog.get_logger(__name__)


class ManyWorkspaces:
    """Each workspace by the token that its installation brought; implements adapters.slack.access.Access."""

    def __init__(self, settings: SlackSettings, kept: Installations) -> None:
        client = make_tokens_client(settings)
        self._settings = settings
        self._installs = SlackInstalls(kept)
        self._flow = _Flow(client=client, settings=_oauth_settings(settings, self._installs, kept))
        app = self._flow.settings
        rotator = AsyncTokenRotator(client_id=app.client_id, client_secret=app.client_secret, client=client)
        self._tokens = Tokens(self._installs, kept, rotator)

    def clients(self, workspace: str) -> SlackClients:
        return make_clients(self._settings, partial(self._tokens.token, workspace))

    async def sign_in(self) -> Authorize:
        """Bolt gets what is stored, an ended token too: it has three seconds, and our calls ask for their own."""

        async def authorize(team_id: str | None) -> AuthorizeResult | None:
            try:
                bot = None if team_id is None else await self._installs.bot_of(team_id)
            except TokensLocked:  # who asks is told so by what answers them
                return AuthorizeResult(enterprise_id=None, team_id=team_id)
            if bot is None:
                return None
            return AuthorizeResult(
                enterprise_id=bot.enterprise_id,
                team_id=bot.team_id,
                bot_id=bot.bot_id,
                bot_user_id=bot.bot_user_id,
                bot_token=bot.bot_token,
            )

        return authorize

    def routes(self) -> list[web.RouteDef]:
        answers = {INSTALL_PATH: self._flow.handle_installation, REDIRECT_PATH: self._flow.handle_callback}
        return [web.get(path, partial(_answer, handle)) for path, handle in answers.items()]

    async def leave(self, workspace: str, event_time: float) -> bool:
        bot = await self._installs.bot_of(workspace)
        if bot is not None and bot.installed_at > event_time:
            _logger.info("slack workspace has installed the app again", team=workspace)
            return False
        await self._installs.async_delete_bot(enterprise_id=None, team_id=workspace)
        return True


class _Flow(AsyncOAuthFlow):
    """Bolt's flow, for single workspaces alone: for a whole organisation there is no one token to post with."""

    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:
        if installation.team_id is None or installation.is_enterprise_install:
            raise BoltError("this app can be installed in single workspaces only, not for a whole organisation")
        await super().store_installation(request, installation)
        _logger.info("slack workspace has installed the app", team=installation.team_id)


async def _answer(handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]], request: web.Request) -> web.Response:
    try:
        response = await to_aiohttp_response(await handle(await to_bolt_request(request)))
    except CALL_FAILURES as error:
        _logger.warning("slack app not installed", reason=type(error).__name__)
        return web.Response(status=502, text="Slack could not be reached; please try again in a minute.")
    response.headers["Referrer-Policy"] = "no-referrer"  # the address holds the code
    return response


def _oauth_settings(settings: SlackSettings, installs: SlackInstalls, kept: Installations) -> AsyncOAuthSettings:
    secret, public = settings.client_secret, settings.public_url
    return AsyncOAuthSettings(
        client_id=settings.client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        scopes=SCOPES,
        user_scopes=(),
        redirect_uri=None if public is None else public.rstrip("/") + REDIRECT_PATH,
        install_path=INSTALL_PATH,
        redirect_uri_path=REDIRECT_PATH,
        authorization_url=urljoin(settings.api_base or SLACK_API, "../oauth/v2/authorize"),
        installation_store=installs,
        installation_store_bot_only=True,
        state_store=SlackStates(kept, CLICK_LASTS),
        state_expiration_seconds=int(CLICK_LASTS.total_seconds()),
    )
