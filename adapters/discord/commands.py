"""`/compose`, generated from the table of options."""

from collections.abc import Iterable
from inspect import Parameter, Signature
from typing import Any

import discord
from discord import app_commands

from adapters.discord.client import BandClient
from adapters.discord.translate import PLATFORM, place_of
from bot.domain.options import OPTIONS, Option, wishes_from_options
from inference.music.genre import Genre

MAX_CHOICES, MAX_CHOICE = 25, 100
Interaction = discord.Interaction[BandClient]
Choices = list[app_commands.Choice[str]]

EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False)
IN_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
BY_SERVERS = app_commands.AppInstallationType(guild=True, user=False)


def compose_command() -> app_commands.Command[Any, ..., None]:
    """The slash command with one typed option for each of OPTIONS."""

    async def compose(interaction: Interaction, **values: Any) -> None:
        await interaction.client.compose(interaction, wishes_from_options(values))

    # The library reads a command's options off the signature, which is how the table becomes typed options.
    interaction = Parameter("interaction", Parameter.POSITIONAL_OR_KEYWORD)
    compose.__signature__ = Signature([interaction, *map(_parameter, OPTIONS)])  # type: ignore[attr-defined]
    app_commands.describe(**{option.name: option.help for option in OPTIONS})(compose)
    app_commands.autocomplete(genre=enabled_genres)(compose)
    chosen = {option.name: _choices(option) for option in OPTIONS if option.choices}
    app_commands.choices(**chosen)(compose)
    return app_commands.Command(
        name="compose",
        description="A new song by the band: card, MP3 and MIDI",
        callback=compose,
        allowed_contexts=EVERYWHERE,
        allowed_installs=BY_SERVERS,
    )


async def enabled_genres(interaction: Interaction, text: str) -> Choices:
    """The genres this server plays."""
    return genre_choices(await listed_genres(interaction, enabled=True), text)


async def disabled_genres(interaction: Interaction, text: str) -> Choices:
    """The genres this server has switched off."""
    return genre_choices(await listed_genres(interaction, enabled=False), text)


async def listed_genres(interaction: Interaction, *, enabled: bool) -> list[Genre]:
    """The genres that are on in this server, or those that are off."""
    place = place_of(interaction.guild_id, interaction.channel_id)
    listing = await interaction.client.band.genres.listing(PLATFORM, place.workspace)
    return [choice.genre for choice in listing if choice.enabled is enabled]


def genre_choices(genres: Iterable[Genre], text: str) -> Choices:
    """At most MAX_CHOICES genres in which `text` occurs, by name, title or alias; those that begin with it first.

    Of a blend the part after the last plus is what is being typed.
    """
    before, plus, last = text.rpartition("+")
    typed = last.strip().casefold()
    found = [genre for genre in genres if any(typed in word for word in _words(genre))]
    found.sort(key=lambda genre: not any(word.startswith(typed) for word in _words(genre)))
    shown, said = (f"{before} + ", f"{before}+") if plus else ("", "")
    offered = [(f"{shown}{genre.title}", f"{said}{genre.name}") for genre in found]
    fitting = [app_commands.Choice(name=name, value=value) for name, value in offered if len(name) <= MAX_CHOICE]
    return fitting[:MAX_CHOICES]


def _words(genre: Genre) -> tuple[str, ...]:
    return tuple(word.casefold() for word in (genre.name, genre.title, *genre.aliases))


def _choices(option: Option) -> Choices:
    return [app_commands.Choice(name=word, value=word) for word in option.choices]


def _parameter(option: Option) -> Parameter:
    kind: Any = option.kind
    if option.minimum is not None and option.maximum is not None:
        number = int if option.kind is int else float
        kind = app_commands.Range[number, number(option.minimum), number(option.maximum)]
    default = Parameter.empty if option.required else None
    return Parameter(option.name, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
