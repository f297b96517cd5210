"""Who somebody is: locale for the words, admin or owner for the permissions."""

from collections import OrderedDict
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.refusals import NotAnAdmin, explained
from bot.domain.errors import DeliveryFailed
from bot.domain.request import Requester

REMEMBERED = 1000


class People:
    """The people of the workspace, through `users.info` (scope `users:read`); remembers the last thousand."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: OrderedDict[str, Requester] = OrderedDict()

    async def requester(self, id: str, name: str = "") -> Requester:
        """The person with their locale; an English speaker of the name the payload gave if Slack does not tell."""
        if id in self._known:
            return self._known[id]
        try:
            user = await self._user(id)
        except DeliveryFailed:
            return Requester(id, name or id)
        shown = user.get("profile", {}).get("display_name") or user.get("real_name") or user.get("name") or name or id
        self._known[id] = Requester(id, shown, user.get("locale") or "en")
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[id]

    async def check_admin(self, id: str) -> None:
        """Asks Slack each time, so that a permission taken away counts at once.

        Raises:
            NotAnAdmin: neither admin nor owner of the workspace.
            DeliveryFailed: Slack did not say.
        """
        user = await self._user(id)
        if not (user.get("is_admin") or user.get("is_owner")):
            raise NotAnAdmin

    async def _user(self, id: str) -> dict[str, Any]:
        with explained():
            answer = await self._client.users_info(user=id, include_locale=True)
            return dict(answer["user"])
