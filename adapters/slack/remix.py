"""The form of *Remix with…*: a modal with what a remix may change; pure functions.

What it offers stands in the menus under the song, and which song it is for in the modal itself, so that none of it
needs memory and whoever is running when it is handed in can read it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk.models.blocks import (
    InputBlock,
    InputInteractiveElement,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from adapters.slack.translate import (
    MAX_BUTTON,
    PLATFORM,
    REMIX,
    REMIX_FORM,
    REPLACE,
    Wish,
    clamp,
)
from bot.domain.options import TEMPO
from bot.domain.remix import MORE, remix_from_fields
from bot.domain.request import Place, RequestId, SongChange, request_id
from bot.messages import say, sentence
from bot.ports import UserError
from inference.music.edit import Operation
from inference.music.genre import GenreCatalogue

MAX_HINT, MAX_TITLE, MAX_FAULT = 150, 24, 2000
_MAX_LINE = 200
_FIELDS = ("genre", "tempo", "key", "keep", MORE)


def remix_view(wish: Wish, locale: str) -> dict[str, Any]:
    """The modal for the song whose button was pressed, in the presser's language.

    Raises:
        SlackObjectFormationError: never; the models check Slack's limits once more.
    """
    message = (wish.body or {}).get("message", {})
    about = {"song": wish.text, "channel": wish.place.channel, "thread": wish.place.thread, "locale": locale}
    view = View(
        type="modal",
        callback_id=REMIX_FORM,
        title=clamp(say("remix_title", locale), MAX_TITLE),
        submit=clamp(say("remix_submit", locale), MAX_TITLE),
        close=clamp(say("cancel_button", locale), MAX_TITLE),
        private_metadata=json.dumps(about),
        blocks=[_block(field, element, locale) for field, element in _elements(message, locale)],
    )
    view.validate_json()
    return dict(view.to_dict())


def wish_of_form(body: Mapping[str, Any], catalogue: GenreCatalogue) -> Wish:
    """The remix that a modal asks for; handed in twice it is the same wish. Raises MusicError."""
    view, user = body["view"], body["user"]
    about = json.loads(view["private_metadata"])
    remix = remix_from_fields(dict(_filled(view["state"]["values"])), catalogue)
    return Wish(
        request_id(PLATFORM, "form", view["id"]),
        "remix",
        "",
        Place(PLATFORM, body["team"]["id"], about["channel"], about["thread"]),
        user["id"],
        user.get("username", ""),
        change=SongChange(RequestId(about["song"]), Operation.REMIX, remix=remix),
    )


def form_faults(body: Mapping[str, Any], error: UserError) -> dict[str, str]:
    """What is wrong with a modal, by the field that it is said at."""
    field = getattr(error, "field", "")
    locale = json.loads(body["view"]["private_metadata"])["locale"]
    return {field if field in _FIELDS else MORE: clamp(sentence(error, locale), MAX_FAULT)}


def _elements(message: Mapping[str, Any], locale: str) -> Iterator[tuple[str, InputInteractiveElement]]:
    genres, players = _choices(message, REMIX), _choices(message, REPLACE)
    hints = {field: clamp(say(f"remix_{field}_hint", locale), MAX_HINT) for field in _FIELDS}
    for field in _FIELDS:
        if field == "genre" and genres:
            yield field, StaticSelectElement(action_id=field, placeholder=hints[field], options=genres)
        elif field == "keep" and players:
            yield field, StaticMultiSelectElement(action_id=field, placeholder=hints[field], options=players)
        elif field == "tempo":
            yield field, _tempo(hints[field])
        else:
            yield field, PlainTextInputElement(action_id=field, placeholder=hints[field], max_length=_MAX_LINE)


def _tempo(hint: str) -> NumberInputElement:
    low, high = f"{TEMPO.minimum:g}", f"{TEMPO.maximum:g}"
    return NumberInputElement(
        action_id=TEMPO.name, placeholder=hint, is_decimal_allowed=True, min_value=low, max_value=high
    )


def _block(field: str, element: InputInteractiveElement, locale: str) -> InputBlock:
    return InputBlock(block_id=field, label=say(f"remix_{field}", locale), element=element, optional=True)


def _choices(message: Mapping[str, Any], action: str) -> list[Option]:
    """What a menu under the song offers, without the song that its values begin with."""
    elements = [part for block in message.get("blocks", ()) for part in block.get("elements", ())]
    menu: dict[str, Any] = next((part for part in elements if part.get("action_id") == action), {})
    return [
        Option(value=one["value"].partition(" ")[2], label=clamp(one["text"]["text"], MAX_BUTTON))
        for one in menu.get("options", ())
    ]


def _filled(values: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """What stands in each field, by its name."""
    for field, inputs in values.items():
        state = inputs[field]
        chosen = state.get("selected_options") or [state.get("selected_option")]
        yield field, ",".join(option["value"] for option in chosen if option) or state.get("value")
