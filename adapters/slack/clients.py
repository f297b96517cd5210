"""The Web API clients: a patient one that delivers, and a hasty one for progress."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.settings import SlackSettings

SLACK_API = "https://slack.com/api/"
RATE_LIMIT_RETRIES = 3
TROUBLE_RETRIES = 3  # half a second, one and two apart, or so
DELIVERY_TIMEOUT_S = 60  # a file of several MiB over a slow line
PROGRESS_TIMEOUT_S = 5
TOKENS_TIMEOUT_S = 20

FreshToken = Callable[[], Awaitable[str]]
"""The token that is good at this moment."""


@dataclass(frozen=True)
class SlackClients:
    """`delivery` waits out rate limits and short troubles, so that a finished song arrives; `progress` would rather
    skip a line than hold up the song behind it.
    """

    delivery: AsyncWebClient
    progress: AsyncWebClient


def make_clients(settings: SlackSettings, fresh: FreshToken | None = None) -> SlackClients:
    """Clients that use the bot token of the settings, or ask `fresh` for one each time; no network is touched."""
    make = _Maker(settings, fresh)
    return SlackClients(make.client(DELIVERY_TIMEOUT_S, _patient()), make.client(PROGRESS_TIMEOUT_S, []))


def make_app_client(settings: SlackSettings) -> AsyncWebClient:
    """A patient client without a bot token: Bolt's own, which Socket Mode opens its connections with."""
    return AsyncWebClient(
        base_url=settings.api_base or SLACK_API, timeout=DELIVERY_TIMEOUT_S, retry_handlers=_patient()
    )


def make_tokens_client(settings: SlackSettings) -> AsyncWebClient:
    """A client for calls whose answers are tokens: it logs none of them, however much else is logged.

    It repeats no call that Slack may have heard, for a code and a refresh token are good once.
    """
    logger = logging.getLogger("slack_sdk.tokens")
    logger.setLevel(logging.INFO)  # at debug level the library writes down every answer
    handlers: list[AsyncRetryHandler] = [AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES)]
    return AsyncWebClient(
        base_url=settings.api_base or SLACK_API, timeout=TOKENS_TIMEOUT_S, retry_handlers=handlers, logger=logger
    )


def _patient() -> list[AsyncRetryHandler]:
    return [
        AsyncConnectionErrorRetryHandler(),
        AsyncServerErrorRetryHandler(max_retry_count=TROUBLE_RETRIES),
        AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES),
    ]


@dataclass(frozen=True)
class _Maker:
    settings: SlackSettings
    fresh: FreshToken | None

    def client(self, timeout_s: int, handlers: list[AsyncRetryHandler]) -> AsyncWebClient:
        base = self.settings.api_base or SLACK_API
        if self.fresh is not None:
            return _WorkspaceClient(self.fresh, base_url=base, timeout=timeout_s, retry_handlers=handlers)
        token = None if self.settings.bot_token is None else self.settings.bot_token.get_secret_value()
        return AsyncWebClient(token, base_url=base, timeout=timeout_s, retry_handlers=handlers)


class _WorkspaceClient(AsyncWebClient):
    """Asks for the token before each call: a token that rotates outlives many songs, but not the process."""

    def __init__(self, fresh: FreshToken, **options: Any) -> None:
        super().__init__(**options)
        self._fresh = fresh

    async def api_call(self, api_method: str, **options: Any) -> AsyncSlackResponse:
        self.token = await self._fresh()  # read again before anything else can run
        return await super().api_call(api_method, **options)
