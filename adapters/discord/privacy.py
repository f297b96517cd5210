"""`/privacy`: what the bot keeps of a person, or of the server, for everybody to see, take along and remove."""

import io
from typing import Literal

import discord
from discord import app_commands

from adapters.discord.asking import asked_by
from adapters.discord.commands import BY_SERVERS, EVERYWHERE, Interaction
from adapters.discord.trouble import whisper
from bot.domain.errors import NotAllowed
from bot.domain.privacy import Owner, PrivacyWish, Wanted
from bot.messages import forgotten_line, kept_line, say, sure_line

Whose = Literal["me", "server"]
SURE = "/privacy forget whose:{whose} sure:True"


class PrivacyCommands(app_commands.Group, name="privacy", description="What I keep of you, or of this server"):
    """Everybody may ask for what is kept of them; for the server, who manages it."""

    def __init__(self) -> None:
        super().__init__(allowed_contexts=EVERYWHERE, allowed_installs=BY_SERVERS)

    @app_commands.command(description="How much I keep")
    @app_commands.describe(whose="Yours, or the whole server's (managers only)")
    async def show(self, interaction: Interaction, whose: Whose = "me") -> None:
        await interaction.response.defer(ephemeral=True)
        owner = owner_in(interaction, whose)
        kept = await interaction.client.band.privacy.kept(owner)
        await whisper(interaction, kept_line(kept, owner, interaction.locale.value))

    @app_commands.command(description="Everything I keep, as a JSON file for you alone")
    @app_commands.describe(whose="Yours, or the whole server's (managers only)")
    async def export(self, interaction: Interaction, whose: Whose = "me") -> None:
        await interaction.response.defer(ephemeral=True)
        file = await interaction.client.band.privacy.export(owner_in(interaction, whose))
        await interaction.followup.send(
            say("privacy_exported", interaction.locale.value),
            file=discord.File(io.BytesIO(file.content), filename=file.name),
            ephemeral=True,
        )

    @app_commands.command(description="Remove everything I keep, for good")
    @app_commands.describe(
        whose="Yours, or the whole server's (managers only)", sure="Nothing is removed unless you say so here"
    )
    async def forget(self, interaction: Interaction, whose: Whose = "me", *, sure: bool = False) -> None:
        await interaction.response.defer(ephemeral=True)
        owner, locale, privacy = owner_in(interaction, whose), interaction.locale.value, interaction.client.band.privacy
        if sure:
            await whisper(interaction, forgotten_line(await privacy.forget(owner), locale))
        else:
            await whisper(interaction, sure_line(await privacy.kept(owner), owner, SURE.format(whose=whose), locale))


def owner_in(interaction: Interaction, whose: Whose) -> Owner:
    """Whose records are meant. Raises NotAllowed: the server's, and the person does not manage it or there is none."""
    asked = asked_by(interaction)
    if whose == "server" and (interaction.guild_id is None or not interaction.permissions.manage_guild):
        raise NotAllowed
    wish = PrivacyWish(Wanted.SHOW, is_for_all=whose == "server")
    return wish.owner(asked.place.platform, asked.place.workspace, asked.requester.id)
