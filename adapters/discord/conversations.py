"""Where one request is talked about: the answer to an interaction, or to a message that mentions the bot."""

import contextlib
from datetime import timedelta
from typing import Any, Protocol

import discord

from adapters.discord.channels import FLOOR_BYTES
from adapters.discord.posting import embed_of, files_of, message_parts, text_of
from adapters.discord.translate import FilesPost, SongPost, clamp

ANSWERABLE = timedelta(minutes=14)  # an interaction's token lives 15 minutes; an upload must fit into the last one
CANNOT_REPLY = 160002  # a reply needs Read Message History, a plain message does not


class Over(discord.DiscordException):
    """The interaction can no longer be answered."""


class Conversation(Protocol):
    """Each method raises posting.FAILURES."""

    @property
    def limit_bytes(self) -> int:
        """How large one file may be here."""

    async def show(self, text: str, view: discord.ui.View | None) -> int:
        """Makes the conversation's one message say this; the message's id."""

    async def post(self, post: SongPost) -> int:
        """Makes the conversation's one message the song, or its preview; the message's id."""

    async def whisper(self, text: str) -> None:
        """Tells whoever asked, unseen by others where the platform can, in place of the one message."""


class InteractionConversation:
    """The deferred answer to a command or button."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        self._interaction = interaction
        self._until = discord.utils.utcnow() + ANSWERABLE

    @property
    def limit_bytes(self) -> int:
        return self._interaction.filesize_limit

    async def show(self, text: str, view: discord.ui.View | None) -> int:
        self._check()
        parts: dict[str, Any] = {"content": clamp(text), "embed": None, "attachments": [], "view": view}
        return (await self._interaction.edit_original_response(**parts)).id

    async def post(self, post: SongPost) -> int:
        self._check()
        parts = message_parts(post)
        return (await self._interaction.edit_original_response(**parts, attachments=files_of(post))).id

    async def attach_song(self, post: SongPost, view: discord.ui.View) -> None:
        """Makes the answer a song with other things to press under it than a song has."""
        self._check()
        await self._interaction.edit_original_response(
            content=text_of(post), embed=embed_of(post), attachments=files_of(post), view=view
        )

    async def attach(self, post: FilesPost) -> None:
        """Makes the answer these files."""
        self._check()
        await self._interaction.edit_original_response(content=text_of(post), attachments=files_of(post))

    async def follow(self, post: FilesPost) -> None:
        """Adds these files in a message of their own."""
        self._check()
        await self._interaction.followup.send(text_of(post), files=files_of(post))

    async def whisper(self, text: str) -> None:
        """A public answer cannot turn private: it is completed, answered privately and taken away."""
        await self.show(text, None)
        await self._interaction.followup.send(clamp(text), ephemeral=True)
        # What stays behind when this fails says the same, so it is not worth saying twice.
        with contextlib.suppress(discord.HTTPException):
            await self._interaction.delete_original_response()

    def _check(self) -> None:
        if discord.utils.utcnow() >= self._until:
            raise Over("the interaction is over")


class MentionConversation:
    """The bot's reply to a message that mentions it."""

    def __init__(self, message: discord.Message) -> None:
        self._asked = message
        self._answer: discord.Message | None = None

    @property
    def limit_bytes(self) -> int:
        return FLOOR_BYTES if self._asked.guild is None else self._asked.guild.filesize_limit

    async def show(self, text: str, view: discord.ui.View | None) -> int:
        return await self._say({"content": clamp(text), "embed": None, "view": view}, None)

    async def post(self, post: SongPost) -> int:
        return await self._say(message_parts(post), post)

    async def whisper(self, text: str) -> None:
        await self.show(text, None)

    async def _say(self, parts: dict[str, Any], post: SongPost | None) -> int:
        if self._answer is not None:
            self._answer = await self._answer.edit(**parts, attachments=_uploads(post))
            return self._answer.id
        new = {name: part for name, part in parts.items() if part is not None}
        channel, reference = self._asked.channel, self._asked.to_reference(fail_if_not_exists=False)
        try:
            self._answer = await channel.send(**new, files=_uploads(post), reference=reference)
        except discord.HTTPException as error:
            if error.code != CANNOT_REPLY:
                raise
            self._answer = await channel.send(**new, files=_uploads(post))
        return self._answer.id


def _uploads(post: SongPost | None) -> list[discord.File]:
    return [] if post is None else files_of(post)
