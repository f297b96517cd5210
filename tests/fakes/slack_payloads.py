"""The payloads Slack sends to an app, with the fields an app may rely on."""

import json
from dataclasses import dataclass, replace
from typing import Any

from tests.fakes.slack_api import Workspace

EVENT_TIME = 1_700_000_000


@dataclass(frozen=True)
class Actor:
    """Who does something where; `thread` is the timestamp of a thread's first message."""

    team: str
    channel: str
    user: str
    name: str
    thread: str | None = None

    def within(self, thread: str) -> "Actor":
        return replace(self, thread=thread)


def slash_command(command: str, text: str, by: Actor, hooks: tuple[str, str]) -> dict[str, str]:
    """The form fields of a slash command; Slack escapes its three control characters."""
    response_url, trigger_id = hooks
    return {
        "token": "deprecated",
        "team_id": by.team,
        "team_domain": "band",
        "channel_id": by.channel,
        "channel_name": "songs",
        "user_id": by.user,
        "user_name": by.name,
        "command": command,
        "text": _escaped(text),
        "api_app_id": "A0LNH",
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def mention_event(text: str, by: Actor, here: Workspace, event_id: str) -> dict[str, Any]:
    """The Events API envelope of `@lnh text`."""
    ts = f"{EVENT_TIME}.{int(event_id[2:]):06}"
    event: dict[str, Any] = {
        "type": "app_mention",
        "user": by.user,
        "text": f"<@{here.bot_user}> {_escaped(text)}",
        "ts": ts,
        "channel": by.channel,
        "event_ts": ts,
    }
    if by.thread is not None:
        event["thread_ts"] = by.thread
    return {
        "token": "deprecated",
        "team_id": by.team,
        "api_app_id": "A0LNH",
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": EVENT_TIME,
        "authorizations": [{"team_id": by.team, "user_id": here.bot_user, "is_bot": True}],
        "is_ext_shared_channel": False,
    }


def direct_event(text: str, by: Actor, here: Workspace, event_id: str) -> dict[str, Any]:
    """The Events API envelope of a message that somebody writes to the bot alone."""
    payload = mention_event(text, replace(by, channel=f"D{by.user[1:]}"), here, event_id)
    payload["event"] |= {"type": "message", "channel_type": "im", "text": _escaped(text)}
    return payload


def removal_event(team: str, event: dict[str, Any], event_id: str, at: int) -> dict[str, Any]:
    """The Events API envelope of `app_uninstalled` or `tokens_revoked`; nobody's authorization is left to be named."""
    return {
        "token": "deprecated",
        "team_id": team,
        "api_app_id": "A0LNH",
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": at,
        "authorizations": [],
    }


def button_click(message: dict[str, Any], by: Actor, hooks: tuple[str, str], pressed: str = "") -> dict[str, Any]:
    """A press on a button of `message` (as the Web API lists it), or the last choice of a menu.

    `pressed` is an action id; empty for the first button.
    """
    response_url, trigger_id = hooks
    block, element = next(
        (block, element)
        for block in _blocks(message)
        for element in block.get("elements", [])
        if element.get("action_id") == pressed or (element["type"] == "button" and not pressed)
    )
    action = {key: element[key] for key in ("type", "action_id")}
    if element["type"] == "button":
        action |= {key: element[key] for key in ("text", "value")}
    else:
        action |= {"selected_option": element["options"][-1], "placeholder": element["placeholder"]}
    container = {"type": "message", "message_ts": message["ts"], "channel_id": by.channel, "is_ephemeral": False}
    return {
        "type": "block_actions",
        "user": {"id": by.user, "username": by.name, "name": by.name, "team_id": by.team},
        "api_app_id": "A0LNH",
        "token": "deprecated",
        "container": container,
        "trigger_id": trigger_id,
        "team": {"id": by.team, "domain": "band"},
        "channel": {"id": by.channel, "name": "songs"},
        "message": message,
        "response_url": response_url,
        "actions": [action | {"block_id": block.get("block_id", "b"), "action_ts": "1700000000.1"}],
    }


def view_submission(
    view: dict[str, Any], by: Actor, filled: dict[str, str | list[str]], trigger: str
) -> dict[str, Any]:
    """A modal that somebody hands in: `filled` is what stands in a field, or is chosen there, by the block's id."""
    values: dict[str, dict[str, Any]] = {}
    for block in view["blocks"]:
        element, said = block["element"], filled.get(block["block_id"])
        values[block["block_id"]] = {element["action_id"]: {"type": element["type"]} | _state(element, said)}
    return {
        "type": "view_submission",
        "team": {"id": by.team, "domain": "band"},
        "user": {"id": by.user, "username": by.name, "name": by.name, "team_id": by.team},
        "api_app_id": "A0LNH",
        "token": "deprecated",
        "trigger_id": trigger,
        "view": view | {"state": {"values": values}},
        "response_urls": [],
        "is_enterprise_install": False,
    }


def _state(element: dict[str, Any], said: str | list[str] | None) -> dict[str, Any]:
    """What Slack says of one input; options are chosen by their value."""
    if "options" not in element:
        return {"value": said or None}
    known = {option["value"]: option for option in element["options"]}
    if element["type"].startswith("multi"):
        return {"selected_options": [known[value] for value in said or ()]}
    return {"selected_option": known[said] if isinstance(said, str) else None}


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = message.get("blocks") or []
    return json.loads(blocks) if isinstance(blocks, str) else blocks


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
