"""The one place where an error of a command or button becomes a sentence, seen by whoever pressed it only."""

from typing import Any

import discord
import structlog
from discord import app_commands

from adapters.discord.posting import FAILURES
from adapters.discord.translate import clamp
from bot.domain.errors import CommandsChanged, LnhError, NotAllowed
from bot.messages import sentence
from bot.ports import UserError
from inference.music.errors import MusicError

UNANSWERABLE = frozenset({10062, 40060})  # too late, or answered by another process of this bot
_log = structlog.get_logger(__name__)


async def explain(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Answers with the error's sentence; an error that is not meant for people is logged and said in general."""
    cause = _cause(error)
    if isinstance(cause, discord.HTTPException) and cause.code in UNANSWERABLE:
        _log.warning("an interaction could not be answered", interaction=interaction.id, reason=str(cause))
        return
    if isinstance(cause, LnhError | MusicError):
        await whisper(interaction, sentence(cause, interaction.locale.value))
        return
    _log.error("an interaction failed", interaction=interaction.id, exc_info=cause)
    await whisper(interaction, sentence(LnhError(id=str(interaction.id)), interaction.locale.value))


async def whisper(
    interaction: discord.Interaction[Any], text: str, view: discord.ui.View = discord.utils.MISSING
) -> None:
    """Says something to whoever pressed, whether or not the interaction is acknowledged already."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(clamp(text), view=view, ephemeral=True)
        else:
            await interaction.response.send_message(clamp(text), view=view, ephemeral=True)
    except FAILURES as failure:
        _log.warning("an answer did not arrive", interaction=interaction.id, reason=str(failure))


def _cause(error: BaseException) -> BaseException | UserError:
    """What the library wrapped; its failed checks are always about the person's permission."""
    if isinstance(error, app_commands.CheckFailure):
        return NotAllowed()
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return CommandsChanged()  # Discord's own programs keep the commands for a while
    return error.original if isinstance(error, app_commands.CommandInvokeError) else error
