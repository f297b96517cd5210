"""What Discord's in-process tests look at: a server, a channel, a member and a manager in simcord's world."""

from dataclasses import dataclass
from typing import Any

import discord
import simcord

from adapters.discord.client import BandClient


@dataclass
class Scene:
    """Who and what there is on stage."""

    env: simcord.Env
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    alice: simcord.MemberActor
    boss: simcord.MemberActor

    @property
    def client(self) -> BandClient:
        if not isinstance(self.env.bot, BandClient):
            raise TypeError("this scene has another bot")
        return self.env.bot

    @property
    def bot_role(self) -> simcord.RoleHandle:
        return next(role for name, role in self.guild.roles.items() if name == "TestBot")

    @property
    def mention(self) -> str:
        return f"<@{self.env.backend.bot_user.id}>"

    def posted(self) -> list[discord.Message]:
        """The bot's messages in the channel."""
        return [message for message in self.channel.history() if message.author.bot]

    def bodies(self) -> list[dict[str, Any]]:
        """The message parts of every request that says something."""
        bodies = [entry.json for entry in self.env.http_requests if isinstance(entry.json, dict)]
        bodies = [body.get("data") or body for body in bodies]
        return [body for body in bodies if "content" in body]


def response(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    """The answer to an interaction, which must be there."""
    if result.response is None:
        raise AssertionError("the interaction has no answer")
    return result.response


def buttons(message: simcord.ResponseMessage) -> dict[str, str]:
    """Label -> custom_id of a message's buttons."""
    parts = [part for row in message.components for part in row["components"]]
    return {part["label"]: part["custom_id"] for part in parts if "label" in part}


def files(message: simcord.ResponseMessage | discord.Message) -> list[str]:
    """The names of a message's attachments."""
    return [attachment.filename for attachment in message.attachments]
