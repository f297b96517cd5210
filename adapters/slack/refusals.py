"""What Slack's refusals mean for a song, and which sentence of bot.messages tells it."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.errors import DeliveryFailed, NotAllowed, PlaceGone, TokensLocked

CALL_FAILURES = (SlackClientError, ClientError, TimeoutError, TokensLocked)
"""Everything a Web API call can raise."""

NO_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "internal_error"})
SIGNED_OUT = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})

_FINAL = {
    "invalid_refresh_token": "slack_signed_out",
    "not_in_channel": "slack_not_in_channel",
    "channel_not_found": "slack_channel_not_found",
    "is_archived": "slack_is_archived",
    "restricted_action": "slack_restricted",
    "restricted_action_read_only_channel": "slack_restricted",
    "restricted_action_thread_only_channel": "slack_restricted",
    "file_uploads_disabled": "slack_file_uploads_disabled",
    "missing_scope": "slack_missing_scope",
} | dict.fromkeys(SIGNED_OUT, "slack_signed_out")
_PASSING = {
    "ratelimited": "slack_ratelimited",
    "rate_limited": "slack_ratelimited",
    "storage_limit_reached": "slack_storage_full",
    "expired_trigger_id": "slack_unreachable",  # we were too slow, or the way to Slack was
}


class SlackRefused(DeliveryFailed):
    """Not now; `code` is Slack's reason as a sentence of bot.messages."""

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        super().__init__(**params)


class SlackShut(PlaceGone):
    """Not here until somebody changes something; `code` is Slack's reason as a sentence of bot.messages."""

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        super().__init__(**params)


class NotInstalled(SlackClientError):
    """The app is not installed in this workspace, so there is no token to call Slack with."""


class NotAnAdmin(NotAllowed):
    """Neither admin nor owner of the workspace."""

    code = "slack_not_allowed"


def error_code(error: SlackApiError) -> str:
    """Slack's own word for the refusal, such as `not_in_channel`."""
    response = error.response
    return str(response.get("error", "unknown_error")) if isinstance(response, AsyncSlackResponse) else "bad_response"


def explain(error: Exception) -> DeliveryFailed:
    """The failure as PlaceGone if asking again cannot help, else as DeliveryFailed."""
    if isinstance(error, NotInstalled):
        return SlackShut("slack_signed_out")
    if isinstance(error, TokensLocked):
        return SlackRefused(TokensLocked.code)  # not for ever: the right key brings all back
    if not isinstance(error, SlackApiError):
        return SlackRefused("slack_unreachable")
    code = error_code(error)
    if code in _FINAL:
        return SlackShut(_FINAL[code], scope=error.response.get("needed") if code == "missing_scope" else None)
    return SlackRefused(_PASSING[code]) if code in _PASSING else DeliveryFailed(reason=f"Slack: {code}")


def is_gone(error: Exception) -> bool:
    """Whether somebody deleted the message."""
    return isinstance(error, SlackApiError) and error_code(error) == "message_not_found"


@contextmanager
def explained() -> Iterator[None]:
    """Turns everything a Web API call can raise into DeliveryFailed or PlaceGone."""
    try:
        yield
    except CALL_FAILURES as error:
        raise explain(error) from error
