"""The form of *Remix with…*: what a remix may change, in fields.

What it offers stands in the menus under the song, and which song it is for in its id, so that it needs no memory and
can be handed in to a bot that has not shown it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import discord

from adapters.discord.buttons import RemixButton
from adapters.discord.translate import change_id
from bot.domain.remix import MORE, written_out
from bot.domain.request import RequestId, SongChange
from bot.messages import say
from inference.music.edit import Operation

REMIX_FORM = re.compile(r"lnh:remixed:(?P<song>[A-Za-z0-9_-]{1,64})")
OPEN_S = 15 * 60  # as long as Discord lets somebody think
_MAX_LINE, _MAX_WRITTEN = 200, 1000
_TICK = "`"
_WRITTEN = re.compile(r"`([^`]+)`\Z")


def remix_form(song: RequestId, message: discord.Message | None, locale: str) -> discord.ui.Modal:
    """The form for a song whose message is `message`."""
    form = discord.ui.Modal(title=say("remix_title", locale), timeout=OPEN_S, custom_id=f"lnh:remixed:{song}")
    for field, choices in (("genre", _choices(message, song, Operation.REMIX)), ("tempo", []), ("key", [])):
        form.add_item(_menu(field, choices, 1, locale) if choices else _line(field, locale))
    players = _choices(message, song, Operation.REPLACE)
    form.add_item(_menu("keep", players, len(players), locale) if players else _line("keep", locale))
    form.add_item(_line(MORE, locale, _written(message)))
    return form


def refused_line(sentence: str, fields: Mapping[str, object]) -> str:
    """The sentence of a form that was refused, with what was filled in, from which `remix_form` fills in the next."""
    written = written_out(fields).replace(_TICK, "'").replace("\n", " ")
    return f"{sentence}\n{_TICK}{written[:_MAX_WRITTEN]}{_TICK}" if written else sentence


def again_view(song: RequestId, locale: str) -> discord.ui.View:
    """Shows the form of a song once more."""
    view = discord.ui.View(timeout=None)
    view.add_item(RemixButton(song, say("remix_with_button", locale)))
    return view


def read_remix_form(submitted: Mapping[str, Any]) -> tuple[RequestId, dict[str, object]] | None:
    """The song and the fields of a form that was handed in, by option name; None for any other interaction."""
    match = REMIX_FORM.fullmatch(str(submitted.get("custom_id", "")))
    if match is None:
        return None
    parts = [part.get("component", {}) for part in submitted.get("components", ())]
    fields = {str(part["custom_id"]): part.get("value") or ",".join(part.get("values", ())) for part in parts if part}
    return RequestId(match["song"]), dict(fields)


def _choices(message: discord.Message | None, song: RequestId, operation: Operation) -> list[discord.SelectOption]:
    """What the menu of that operation under the song offers."""
    wanted = change_id(SongChange(song, operation))
    rows: Iterable[Any] = () if message is None else message.components
    parts = (part for row in rows for part in getattr(row, "children", ()))
    return next((list(part.options) for part in parts if getattr(part, "custom_id", None) == wanted), [])


def _menu(field: str, choices: list[discord.SelectOption], most: int, locale: str) -> discord.ui.Label[Any]:
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=field,
        options=choices,
        placeholder=say(f"remix_{field}_hint", locale),
        min_values=0,
        max_values=most,
        required=False,
    )
    return discord.ui.Label(text=say(f"remix_{field}", locale), component=menu)


def _written(message: discord.Message | None) -> str:
    """What a message that refused a form says was filled in."""
    match = None if message is None else _WRITTEN.search(message.content)
    return "" if match is None else match[1]


def _line(field: str, locale: str, written: str = "") -> discord.ui.Label[Any]:
    line: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=field,
        placeholder=say(f"remix_{field}_hint", locale),
        default=written or None,
        max_length=_MAX_WRITTEN if field == MORE else _MAX_LINE,
        required=False,
    )
    return discord.ui.Label(text=say(f"remix_{field}", locale), component=line)
