"""What an installation gives us for each workspace, in slack_sdk's own terms over the port `Installations`.

Only the bot's tokens are kept, one set a workspace, whose id is unique in all of Slack: a `Place` knows no more.
"""

import json
import logging
from datetime import datetime, timedelta

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from adapters.slack.translate import PLATFORM
from bot.ports import Installations

_logger = logging.getLogger(__name__)


class SlackInstalls(AsyncInstallationStore):
    """slack_sdk's store of bots; user tokens are neither asked for nor kept."""

    def __init__(self, kept: Installations) -> None:
        self._kept = kept

    @property
    def logger(self) -> logging.Logger:
        return _logger

    async def async_save(self, installation: Installation) -> None:
        """Keeps what a click brought. Raises ValueError for one that belongs to no single workspace."""
        bot = installation.to_bot()
        team = _team(bot.team_id)
        async with self._kept.alone(PLATFORM, team):
            await self._kept.save(PLATFORM, team, _written(bot))

    async def async_save_bot(self, bot: Bot) -> None:
        """Keeps rotated tokens, unless the app was uninstalled meanwhile. Only for whoever is `alone`."""
        await self._kept.change(PLATFORM, _team(bot.team_id), _written(bot))

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        return None if team_id is None else await self.bot_of(team_id)

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await self._kept.remove(PLATFORM, _team(team_id))

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Nothing: what people would give us for themselves is not kept."""

    async def bot_of(self, team: str) -> Bot | None:
        """The bot of a workspace; None where it is not installed."""
        text = await self._kept.find(PLATFORM, team)
        return None if text is None else Bot(**json.loads(text))


class SlackStates(AsyncOAuthStateStore):
    """slack_sdk's store of the states of clicks under way."""

    def __init__(self, kept: Installations, lasting: timedelta) -> None:
        self._kept = kept
        self._lasting = lasting

    @property
    def logger(self) -> logging.Logger:
        return _logger

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        return await self._kept.issue(self._lasting)

    async def async_consume(self, state: str) -> bool:
        return await self._kept.consume(state)


def _written(bot: Bot) -> str:
    return json.dumps(bot.to_dict(), default=datetime.isoformat)


def _team(id: str | None) -> str:
    if id is None:
        raise ValueError("an installation for a whole organisation belongs to no workspace")
    return id
