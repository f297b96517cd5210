"""Buttons whose whole state is in their id, so that they outlive the process that posted them."""

import re
from typing import Any, Protocol, Self, cast

import discord

from adapters.discord.translate import (
    ANOTHER,
    CANCEL,
    CHANGE,
    CHOICE,
    FILES,
    INSTEAD,
    REMIX,
    SongPost,
    another_id,
    cancel_id,
    change_id,
    files_id,
    instead_id,
    remix_id,
)
from bot.domain.files import KINDS
from bot.domain.request import Requester, RequestId, SongChange
from bot.messages import kind_label, say
from inference.api import ExtraFile
from inference.music.edit import Operation

MAX_OPTIONS = 25
Press = discord.Interaction[Any]


class ButtonListener(Protocol):
    """The client these buttons belong to; its methods answer the interaction themselves, errors included."""

    async def another(self, press: Press, song: RequestId) -> None: ...

    async def change(self, press: Press, change: SongChange) -> None: ...

    async def remix(self, press: Press, song: RequestId) -> None: ...

    async def files(self, press: Press, song: RequestId, kinds: tuple[ExtraFile, ...]) -> None: ...

    async def instead(self, press: Press, next_song: str) -> None: ...

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


class ChangeButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=CHANGE):
    """Makes a song of the song: a variation of it, or a longer one."""

    def __init__(self, change: SongChange, label: str) -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=change_id(change)))
        self._change = change

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(SongChange(RequestId(match["song"]), Operation(match["change"])), _label(item))

    async def callback(self, press: Press) -> None:
        await _listener(press).change(press, self._change)


class ChangeMenu(discord.ui.DynamicItem[discord.ui.Select[Any]], template=CHOICE):
    """Makes a song of the song, as chosen: another part for one of its players, or its form in another genre."""

    def __init__(self, change: SongChange, options: list[discord.SelectOption], placeholder: str | None) -> None:
        super().__init__(discord.ui.Select(custom_id=change_id(change), options=options, placeholder=placeholder))
        self._change = change

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        menu = cast("discord.ui.Select[Any]", item)
        change = SongChange(RequestId(match["song"]), Operation(match["change"]))
        return cls(change, menu.options, menu.placeholder)

    async def callback(self, press: Press) -> None:
        (choice,) = self.item.values
        await _listener(press).change(press, SongChange.chosen(self._change.song, self._change.operation, choice))


class RemixButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=REMIX):
    """Shows a form in which more than the genre of a remix can be said."""

    def __init__(self, song: RequestId, label: str) -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=remix_id(song)))
        self._song = song

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(RequestId(match["song"]), _label(item))

    async def callback(self, press: Press) -> None:
        await _listener(press).remix(press, self._song)


class FilesMenu(discord.ui.DynamicItem[discord.ui.Select[Any]], template=FILES):
    """Has another file of the song made."""

    def __init__(self, song: RequestId, options: list[discord.SelectOption], placeholder: str | None) -> None:
        super().__init__(discord.ui.Select(custom_id=files_id(song), options=options, placeholder=placeholder))
        self._song = song

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        menu = cast("discord.ui.Select[Any]", item)
        return cls(RequestId(match["song"]), menu.options, menu.placeholder)

    async def callback(self, press: Press) -> None:
        known = set(ExtraFile)  # a menu posted by another version may offer more
        await _listener(press).files(
            press, self._song, tuple(ExtraFile(kind) for kind in self.item.values if kind in known)
        )


class InsteadButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=INSTEAD):
    """Has another song come in place of the next daily one; only who may manage the server may."""

    def __init__(self, next_song: str, label: str) -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=instead_id(next_song)))
        self._next_song = next_song

    @classmethod
    async def from_custom_id(cls, press: Press, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(match["song"], _label(item))

    async def callback(self, press: Press) -> None:
        await _listener(press).instead(press, self._next_song)


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


def song_view(post: SongPost) -> discord.ui.View:
    """What stands under a finished song."""
    view, song, locale = discord.ui.View(timeout=None), post.song_id, post.locale
    view.add_item(AnotherButton(song, say("another_button", locale)))
    view.add_item(ChangeButton(SongChange(song, Operation.VARY), say("vary_button", locale)))
    view.add_item(ChangeButton(SongChange(song, Operation.EXTEND), say("extend_button", locale)))
    view.add_item(RemixButton(song, say("remix_with_button", locale)))
    menus = (
        (Operation.REPLACE, "replace_button", [(player, player.replace(":", " ")) for player in post.players]),
        (Operation.REMIX, "remix_button", post.remixes),
    )
    for operation, code, choices in menus:
        options = [discord.SelectOption(label=label, value=value) for value, label in choices[:MAX_OPTIONS]]
        if options:
            view.add_item(ChangeMenu(SongChange(song, operation), options, say(code, locale)))
    kinds = [discord.SelectOption(label=kind_label(kind, locale), value=kind) for kind in KINDS]
    view.add_item(FilesMenu(song, kinds, say("files_menu", locale)))
    return view


def rehearsal_view(next_song: str, locale: str) -> discord.ui.View:
    """What stands under a daily song that has not come yet."""
    view = discord.ui.View(timeout=None)
    view.add_item(InsteadButton(next_song, say("instead_button", locale)))
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
