"""Buttons whose whole state is in their id, so that they outlive the process that posted them."""

import re
from typing import Any, Protocol, Self, cast

import discord

from adapters.discord.translate import ANOTHER, CANCEL, another_id, cancel_id
from bot.domain.request import Requester, RequestId
from bot.messages import say

Press = discord.Interaction[Any]


class ButtonListener(Protocol):
    """The client these buttons belong to; its methods answer the interaction themselves, errors included."""

    async def another(self, press: Press, song: RequestId) -> None: ...

    async def cancel(self, press: Press, song: RequestId, person: str) -> None: ...


class AnotherButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=ANOTHER):
    """Composes the song's wishes once more."""

    def __init__(self, song: RequestId, label: str) -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=another_id(song)))
        self._song = song

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(RequestId(match["song"]), _label(item))

    async def callback(self, press: Press) -> None:
        await _listener(press).another(press, self._song)


class CancelButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=CANCEL):
    """Stops a song in the making; only who asked for it (or a moderator) may."""

    def __init__(self, song: RequestId, person: str, label: str) -> None:
        button: discord.ui.Button[Any] = discord.ui.Button(label=label, custom_id=cancel_id(song, person))
        super().__init__(button)
        self._song = song
        self._person = person

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(RequestId(match["song"]), match["person"], _label(item))

    async def callback(self, press: Press) -> None:
        await _listener(press).cancel(press, self._song, self._person)


def another_view(song: RequestId, locale: str) -> discord.ui.View:
    """What stands under a finished song."""
    view = discord.ui.View(timeout=None)
    view.add_item(AnotherButton(song, say("another_button", locale)))
    return view


def cancel_view(song: RequestId, requester: Requester) -> discord.ui.View:
    """What stands under a song in the making."""
    view = discord.ui.View(timeout=None)
    view.add_item(CancelButton(song, requester.id, say("cancel_button", requester.locale)))
    return view


def _label(item: discord.ui.Item[Any]) -> str:
    return (item.label or "") if isinstance(item, discord.ui.Button) else ""


def _listener(press: Press) -> ButtonListener:
    return cast("ButtonListener", press.client)  # these buttons are only ever registered with such a client
