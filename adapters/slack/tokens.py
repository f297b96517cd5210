"""Tokens that are good for twelve hours: renewed before they end, by one of all who would at the same moment."""

import asyncio
import time

import structlog
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from adapters.slack.installs import SlackInstalls
from adapters.slack.refusals import CALL_FAILURES, NotInstalled, error_code
from adapters.slack.translate import PLATFORM
from bot.ports import Installations

RENEW_BEFORE_MIN = 120
REST_S = 60.0
_logger = structlog.get_logger(__name__)


class Tokens:
    """The bot token of each workspace. Bolt itself renews tokens without a lock, and only when a request comes in."""

    def __init__(self, installs: SlackInstalls, kept: Installations, rotator: AsyncTokenRotator) -> None:
        self._installs = installs
        self._kept = kept
        self._rotator = rotator
        self._resting_until: dict[str, float] = {}

    async def token(self, team: str) -> str:
        """A token that is good for this call.

        Raises:
            NotInstalled: the app is not, or not any more.
            CALL_FAILURES: the token has ended and Slack gives no new one.
        """
        bot = await self._bot(team)
        if not _ends_within(bot, RENEW_BEFORE_MIN * 60) or self._rests(bot, team):
            return bot.bot_token
        renewing = asyncio.ensure_future(self._renew(team))
        try:
            return await asyncio.shield(renewing)
        except asyncio.CancelledError:
            # A refresh token is good once: what Slack has answered must be kept, whoever no longer waits for it.
            await asyncio.gather(renewing, return_exceptions=True)
            raise

    async def _renew(self, team: str) -> str:
        async with self._kept.alone(PLATFORM, team):
            bot = await self._bot(team)
            try:
                renewed = await self._rotator.perform_bot_token_rotation(
                    bot=bot, minutes_before_expiration=RENEW_BEFORE_MIN
                )
            except CALL_FAILURES as error:
                self._resting_until[team] = time.monotonic() + REST_S
                return _still_good(bot, error)
            if renewed is None:
                return bot.bot_token
            await self._installs.async_save_bot(renewed)
            _logger.info("slack token renewed", team=team)
            return renewed.bot_token

    def _rests(self, bot: Bot, team: str) -> bool:
        """Whether Slack refused a new token a moment ago and the old one is good still."""
        return time.monotonic() < self._resting_until.get(team, 0.0) and not _ends_within(bot, 0)

    async def _bot(self, team: str) -> Bot:
        bot = await self._installs.bot_of(team)
        if bot is None:
            raise NotInstalled(team)
        return bot


def _ends_within(bot: Bot, seconds: float) -> bool:
    ends = bot.bot_token_expires_at
    return ends is not None and ends <= time.time() + seconds


def _still_good(bot: Bot, error: Exception) -> str:
    """The old token, for as long as that is good. Raises CALL_FAILURES."""
    reason = error.api_error if isinstance(error, SlackTokenRotationError) else error
    said = error_code(reason) if isinstance(reason, SlackApiError) else type(reason).__name__
    _logger.warning("slack token not renewed", team=bot.team_id, reason=said)
    if _ends_within(bot, 0):
        raise reason
    return bot.bot_token
