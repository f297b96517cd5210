"""Who asks for a song, where, and whether the bot could post one there."""

from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord.permissions import missing_to_post
from adapters.discord.translate import id_of, place_of, requester_of
from bot.domain.errors import CannotPost
from bot.domain.request import Place, Requester, RequestId

Click = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that an event becomes, apart from the wishes."""

    id: RequestId
    place: Place
    requester: Requester


def asked_by(interaction: Click) -> Asked:
    """Who clicked, and where; answered in the language of that person's Discord."""
    person = requester_of(interaction.user.id, interaction.user.display_name, interaction.locale.value)
    return Asked(id_of(interaction.id), place_of(interaction.guild_id, interaction.channel_id), person)


def asked_in(message: discord.Message) -> Asked:
    """A message does not tell its author's language: it is answered in the server's."""
    locale = "en" if message.guild is None else message.guild.preferred_locale.value
    person = requester_of(message.author.id, message.author.display_name, locale)
    guild_id = None if message.guild is None else message.guild.id
    return Asked(id_of(message.id), place_of(guild_id, message.channel.id), person)


def require_posting(interaction: Click) -> None:
    """Raises CannotPost, naming what the bot lacks in the channel; direct messages have no permissions."""
    if interaction.guild_id is not None:
        _require(interaction.app_permissions, interaction.channel)


def require_posting_in(message: discord.Message) -> None:
    """The same for a message."""
    if message.guild is not None and not isinstance(message.channel, discord.PartialMessageable):
        _require(message.channel.permissions_for(message.guild.me), message.channel)


def _require(permissions: discord.Permissions, channel: object) -> None:
    missing = missing_to_post(permissions, in_thread=isinstance(channel, discord.Thread))
    if missing:
        raise CannotPost(permissions=", ".join(missing))
