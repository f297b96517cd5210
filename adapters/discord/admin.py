"""`/daily` and `/genres`: for people who may manage the server."""

import contextlib
from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

import discord
from discord import app_commands

from adapters.discord.asking import asked_by, require_posting
from adapters.discord.commands import (
    BY_SERVERS,
    IN_SERVERS,
    MAX_CHOICE,
    MAX_CHOICES,
    Choices,
    Interaction,
    disabled_genres,
    enabled_genres,
)
from adapters.discord.trouble import whisper
from bot.domain.daily import DailySchedule, parse_time
from bot.domain.daily_text import DailyWish, read_rotation
from bot.domain.weekdays import EXAMPLE as DAYS_EXAMPLE
from bot.domain.weekdays import parse_weekdays
from bot.messages import daily_line, days_words, say, skipped_line
from bot.services.genres import GenreChoice
from inference.music.errors import InvalidSpec

MANAGERS = discord.Permissions(manage_guild=True)


class ManagersGroup(app_commands.Group):
    """Commands of a server that only its managers see, and only they may use."""

    def __init__(self) -> None:
        super().__init__(default_permissions=MANAGERS, allowed_contexts=IN_SERVERS, allowed_installs=BY_SERVERS)

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Servers may show a command to others in their settings; the permission is asked for all the same."""
        return interaction.permissions.manage_guild


class DailyCommands(ManagersGroup, name="daily", description="A song a day in this channel"):
    """The song of the day of the channel the command is used in."""

    @app_commands.command(name="set", description="A new song in this channel every day")
    @app_commands.describe(
        time="Time of day, such as 18:30 or 6pm",
        timezone="Time zone of that time, such as Europe/Berlin",
        genre="What to play, or several that take turns: metal, jazz; unsaid: any that this server plays",
        days=f"On which days: {DAYS_EXAMPLE}; unsaid: every day",
    )
    async def schedule(
        self, interaction: Interaction, time: str, timezone: str, genre: str | None = None, days: str | None = None
    ) -> None:
        require_posting(interaction)
        genres = read_rotation(genre or "", interaction.client.band.catalogue)
        wish, asked = DailyWish(parse_time(time), timezone, genres, parse_weekdays(days or "")), asked_by(interaction)
        await interaction.response.defer(ephemeral=True)
        schedule = await interaction.client.band.daily.set(asked.place, wish, asked.requester)
        await whisper(interaction, described(schedule, interaction.locale.value))

    @app_commands.command(description="When the song of the day comes, in this channel and in others")
    async def show(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        place, locale = asked_by(interaction).place, interaction.locale.value
        schedules = await interaction.client.band.daily.list(place.platform, place.workspace)
        lines = [f"<#{schedule.place.channel}> {described(schedule, locale)}" for schedule in schedules]
        await whisper(interaction, "\n".join(lines) or say("daily_none", locale))

    @app_commands.command(description="Hear the next song of the day before anybody else does")
    async def preview(self, interaction: Interaction) -> None:
        await interaction.client.rehearse(interaction)

    @app_commands.command(description="Hear another song; it takes the place of the next song of the day")
    async def another(self, interaction: Interaction) -> None:
        await interaction.client.replace_daily(interaction)

    @app_commands.command(description="Leave out the next song of the day")
    async def skip(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        place, locale = asked_by(interaction).place, interaction.locale.value
        left_out, later = await interaction.client.band.daily.skip(place)
        await whisper(interaction, skipped_line(left_out, later, locale, countdown(later)))

    @app_commands.command(description="No more daily songs in this channel")
    async def stop(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        removed = await interaction.client.band.daily.remove(asked_by(interaction).place)
        await whisper(interaction, say("daily_removed" if removed else "daily_none", interaction.locale.value))

    @schedule.autocomplete("timezone")
    async def timezones(self, interaction: Interaction, text: str) -> Choices:
        return zone_choices(text)

    @schedule.autocomplete("days")
    async def days(self, interaction: Interaction, text: str) -> Choices:
        return day_choices(text, interaction.locale.value)

    @schedule.autocomplete("genre")
    async def genres(self, interaction: Interaction, text: str) -> Choices:
        return await enabled_genres(interaction, text)


class GenresCommands(ManagersGroup, name="genres", description="What the band plays in this server"):
    """Which genres people of this server may ask for."""

    @app_commands.command(name="list", description="Every genre, and whether it is on")
    async def listing(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        place = asked_by(interaction).place
        choices = await interaction.client.band.genres.listing(place.platform, place.workspace)
        await whisper(interaction, genre_lines(choices, interaction.locale.value))

    @app_commands.command(description="Let people ask for a genre again")
    @app_commands.describe(genre="The genre to switch on")
    @app_commands.autocomplete(genre=disabled_genres)
    async def enable(self, interaction: Interaction, genre: str) -> None:
        await interaction.response.defer(ephemeral=True)
        place = asked_by(interaction).place
        switched = await interaction.client.band.genres.enable(place.platform, place.workspace, genre)
        await whisper(interaction, say("genre_on", interaction.locale.value, genre=switched.title))

    @app_commands.command(description="Do not play a genre in this server")
    @app_commands.describe(genre="The genre to switch off")
    @app_commands.autocomplete(genre=enabled_genres)
    async def disable(self, interaction: Interaction, genre: str) -> None:
        await interaction.response.defer(ephemeral=True)
        place = asked_by(interaction).place
        switched = await interaction.client.band.genres.disable(place.platform, place.workspace, genre)
        await whisper(interaction, say("genre_off", interaction.locale.value, genre=switched.title))


def described(schedule: DailySchedule, locale: str) -> str:
    """What it is and when it comes."""
    return daily_line(schedule, locale, countdown(schedule))


def countdown(schedule: DailySchedule) -> str:
    """How long until its next song, as Discord shows it to each reader."""
    return f"<t:{int(schedule.next_run_utc.timestamp())}:R>"


def genre_lines(choices: Sequence[GenreChoice], locale: str) -> str:
    """All genres with their boxes, ticked for those that are on, under a title."""
    lines = [f"{'✅' if choice.enabled else '⬜'} {choice.genre.title} (`{choice.genre.name}`)" for choice in choices]
    return "\n".join([f"**{say('genres_title', locale)}**", *lines])


def zone_choices(text: str) -> Choices:
    """At most MAX_CHOICES IANA zones in which `text` occurs; those whose city begins with it first."""
    typed = text.strip().replace(" ", "_").casefold()
    found = [zone for zone in _zones() if typed in zone.casefold()]
    found.sort(key=lambda zone: not zone.rpartition("/")[2].casefold().startswith(typed))
    return [app_commands.Choice(name=zone, value=zone) for zone in found[:MAX_CHOICES]]


def day_choices(text: str, locale: str) -> Choices:
    """What is meant by the days typed so far, and the usual ones."""
    offered = [*([text] if text.strip() else []), "every day", "weekdays", "weekend", "mon,wed,fri"]
    choices: Choices = []
    for days in offered:
        with contextlib.suppress(InvalidSpec):
            words = days_words(parse_weekdays(days), locale)
            choices.append(app_commands.Choice(name=words[:MAX_CHOICE], value=days[:MAX_CHOICE]))
    return choices


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))
