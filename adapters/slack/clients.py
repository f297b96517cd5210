"""The Web API clients: a patient one that delivers, and a hasty one for progress."""

from dataclasses import dataclass

from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import SlackSettings

SLACK_API = "https://slack.com/api/"
RATE_LIMIT_RETRIES = 3
TROUBLE_RETRIES = 3  # half a second, one and two apart, or so
DELIVERY_TIMEOUT_S = 60  # a file of several MiB over a slow line
PROGRESS_TIMEOUT_S = 5


@dataclass(frozen=True)
class SlackClients:
    """`delivery` waits out rate limits and short troubles, so that a finished song arrives; `progress` would rather
    skip a line than hold up the song behind it.
    """

    delivery: AsyncWebClient
    progress: AsyncWebClient


def make_clients(settings: SlackSettings) -> SlackClients:
    """Clients for the workspace of the bot token; no network is touched."""
    patient = [
        AsyncConnectionErrorRetryHandler(),
        AsyncServerErrorRetryHandler(max_retry_count=TROUBLE_RETRIES),
        AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES),
    ]
    return SlackClients(_client(settings, DELIVERY_TIMEOUT_S, patient), _client(settings, PROGRESS_TIMEOUT_S, []))


def _client(settings: SlackSettings, timeout_s: int, handlers: list[AsyncRetryHandler]) -> AsyncWebClient:
    token = None if settings.bot_token is None else settings.bot_token.get_secret_value()
    base = settings.api_base or SLACK_API
    return AsyncWebClient(token, base_url=base, timeout=timeout_s, retry_handlers=handlers)
