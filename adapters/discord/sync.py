"""Registers the commands with Discord, but only when what it has differs from what we have.

The comparison is with the commands Discord holds, not with a stored hash: it costs one GET a start, needs no state
on our side and is right after a restore, on a second machine and with a new application alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog
from discord import app_commands

_log = structlog.get_logger(__name__)
_SEEN = (
    "name",
    "type",
    "description",
    "options",
    "required",
    "autocomplete",
    "choices",
    "value",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "contexts",
    "integration_types",
)


def shape(command: Mapping[str, Any]) -> dict[str, Any]:
    """What a command, an option or a choice means to people; ids, versions and absent defaults are left out."""
    seen = {key: command[key] for key in _SEEN if command.get(key) not in (None, False, [], {})}
    for key in ("options", "choices"):
        if key in seen:
            seen[key] = [shape(child) for child in seen[key]]
    for key in ("contexts", "integration_types"):  # sets, which Discord may tell in another order
        if key in seen:
            seen[key] = sorted(seen[key])
    if command.get("default_member_permissions") is not None:
        # Discord writes the bits as text, the library as a number.
        seen["default_member_permissions"] = str(command["default_member_permissions"])
    return seen


def same_commands(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether both lists are the same commands, in any order."""
    return {command["name"]: shape(command) for command in ours} == {
        command["name"]: shape(command) for command in theirs
    }


async def sync_if_changed(tree: app_commands.CommandTree[Any]) -> bool:
    """Registers the global commands unless Discord has them already; True if it did.

    A refusal is logged and not raised: commands registered earlier still work.
    """
    ours = [command.to_dict(tree) for command in tree.get_commands()]
    try:
        theirs = await tree.client.http.get_global_commands(tree.client.application_id or 0)
        if same_commands(ours, theirs):
            return False
        await tree.sync()
    except discord.HTTPException as error:
        _log.error("commands are not registered with Discord", reason=str(error))
        return False
    _log.info("commands registered with Discord", commands=[command["name"] for command in ours])
    return True
