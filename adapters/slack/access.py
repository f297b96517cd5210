"""Who we are in a workspace: by the one bot token of the settings, or by what each workspace gave us."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import stamina
import structlog
from aiohttp.web import RouteDef
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError

from adapters.slack.clients import SlackClients, make_clients
from adapters.slack.refusals import CALL_FAILURES, SIGNED_OUT, error_code
from bot.settings import BadSettings, SlackSettings

Authorize = Callable[..., Awaitable[AuthorizeResult | None]]
"""Bolt's question who we are where something happened; it gives what it knows by name, such as `team_id`."""
_logger = structlog.get_logger(__name__)


class Access(Protocol):
    """How the adapter comes by clients and by its own name."""

    def clients(self, workspace: str) -> SlackClients:
        """Clients for calls to a workspace; no network is touched."""

    async def sign_in(self) -> Authorize:
        """Finds out who we are, as far as that can be known before something happens. Raises BadSettings."""

    def routes(self) -> list[RouteDef]:
        """What browsers may ask of us."""

    async def leave(self, workspace: str, event_time: float) -> bool:
        """Slack said then that the app was removed from a workspace: forgets the tokens.

        False if all stays as it is: somebody has installed it again since, or the token is not ours to forget.
        """


class OneWorkspace:
    """The bot token of the settings."""

    def __init__(self, settings: SlackSettings) -> None:
        self._clients = make_clients(settings)

    def clients(self, workspace: str) -> SlackClients:
        return self._clients

    async def sign_in(self) -> Authorize:
        """Asked once rather than before the first acknowledgement. Waits for a network if there is none."""
        identity = await self._identity()

        async def authorize() -> AuthorizeResult:
            return identity

        return authorize

    def routes(self) -> list[RouteDef]:
        return []

    async def leave(self, workspace: str, event_time: float) -> bool:
        return False

    async def _identity(self) -> AuthorizeResult:
        delivery = self._clients.delivery
        async for attempt in stamina.retry_context(on=_may_pass, attempts=None, timeout=None, wait_max=60):
            with attempt:
                answer = await delivery.auth_test()
                _logger.info("signed in to slack", team=answer.get("team"), user=answer.get("user"))
                return AuthorizeResult.from_auth_test_response(bot_token=delivery.token, auth_test_response=answer)
        raise RuntimeError("unreachable: the retries have no end")


def _may_pass(error: Exception) -> bool:
    """Whether waiting may help; a token that is not accepted never will be.

    Raises:
        BadSettings: Slack does not accept the bot token.
    """
    if isinstance(error, SlackApiError) and error_code(error) in SIGNED_OUT:
        raise BadSettings(f"Slack does not accept LNH_SLACK_BOT_TOKEN ({error_code(error)})") from error
    return isinstance(error, CALL_FAILURES)
