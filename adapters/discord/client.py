"""The connection to Discord: no privileged intents, no mention of anybody, as many shards as Discord says."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord
from discord import app_commands

from adapters.discord.asking import Asked, Click, asked_by, asked_in, require_posting, require_posting_in
from adapters.discord.buttons import (
    AnotherButton,
    CancelButton,
    ChangeButton,
    ChangeMenu,
    FilesMenu,
    InsteadButton,
    RemixButton,
)
from adapters.discord.channels import Channels
from adapters.discord.conversations import Conversation, InteractionConversation, MentionConversation
from adapters.discord.files import DiscordFilesReply
from adapters.discord.private import PrivateReply
from adapters.discord.remix import again_view, read_remix_form, refused_line, remix_form
from adapters.discord.reply import PlainReply, SongReply
from adapters.discord.running import Running
from adapters.discord.sync import sync_if_changed
from adapters.discord.translate import MIB, wishes_text
from adapters.discord.trouble import explain, whisper
from bot.domain.daily import DailySchedule
from bot.domain.errors import LnhError, NotAllowed
from bot.domain.files import FilesWish
from bot.domain.options import SongWishes, build_request, wishes_from_text
from bot.domain.remix import remix_from_fields
from bot.domain.request import Place, RequestId, SongChange, SongRequest, draw_seed
from bot.messages import making_line, sentence
from bot.services.band import Band
from inference.api import ExtraFile
from inference.music.edit import Operation
from inference.music.errors import MusicError

HELP_WORDS = ("", "help", "/help", "hilfe")
FAREWELL_S = 3.0
# Mentions and replies carry their text without the privileged message content intent.
INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class BandTree(app_commands.CommandTree["BandClient"]):
    """The commands, with the one error handler of all."""

    async def on_error(
        self, interaction: discord.Interaction["BandClient"], error: app_commands.AppCommandError
    ) -> None:
        await explain(interaction, error)


class BandClient(discord.AutoShardedClient):
    """Turns events into requests of the band. `shard_count` None asks Discord."""

    def __init__(self, band: Band, shard_count: int | None = None) -> None:
        super().__init__(
            intents=INTENTS,
            shard_count=shard_count,
            allowed_mentions=discord.AllowedMentions.none(),
            activity=discord.Game("/compose"),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.band = band
        self.channels = Channels(self, band.catalogue)
        self.running = Running()
        self.tree = BandTree(self)

    async def setup_hook(self) -> None:
        """Runs after the login and before the first event."""
        self.add_dynamic_items(AnotherButton, ChangeButton, ChangeMenu, RemixButton, FilesMenu)
        self.add_dynamic_items(CancelButton, InsteadButton)
        await sync_if_changed(self.tree)
        if self.shard_count is None:
            # With a count known the library identifies at DEFAULT_GATEWAY, which settings may have moved.
            self.shard_count, _, _ = await self.http.get_bot_gateway()

    async def close(self) -> None:
        """Says goodbye to Discord, which need not be listening any more."""
        closing = asyncio.ensure_future(super().close())
        _, unheard = await asyncio.wait([closing], timeout=FAREWELL_S)
        if unheard:
            closing.cancel()
            await asyncio.wait([closing])
            await self.http.close()
        else:
            closing.result()

    async def compose(self, interaction: Click, wishes: SongWishes) -> None:
        """Answers `/compose`. Raises MusicError or CannotPost while nothing is acknowledged yet."""
        require_posting(interaction)
        asked = asked_by(interaction)
        request = self._request(wishes, asked)
        await interaction.response.defer(thinking=True)
        reply = self._reply(InteractionConversation(interaction), asked)
        await self._perform(reply, lambda: self.band.compose.compose(request, reply))

    async def another(self, press: Click, song: RequestId) -> None:
        """Answers an Another button, however old its song is."""
        await self._press(press, partial(self.band.compose.another, song))

    async def change(self, press: Click, change: SongChange) -> None:
        """Answers a Vary or Extend button, the menu of players or genres, or the form of a remix."""
        await self._press(press, partial(self.band.compose.change, change))

    async def remix(self, press: Click, song: RequestId) -> None:
        """Answers *Remix with…*, however old its song is, with the form that `on_interaction` reads."""
        try:
            require_posting(press)
            await press.response.send_modal(remix_form(song, press.message, press.locale.value))
        except (LnhError, discord.DiscordException) as error:
            await explain(press, error)

    async def on_interaction(self, interaction: Click) -> None:
        """Answers a form that was handed in; commands and buttons have ways of their own."""
        form = None
        if interaction.type is discord.InteractionType.modal_submit:
            form = read_remix_form(interaction.data or {})
        if form is None:
            return
        song, fields = form
        try:
            remix = remix_from_fields(fields, self.band.catalogue)
        except MusicError as error:
            locale = interaction.locale.value
            await whisper(interaction, refused_line(sentence(error, locale), fields), again_view(song, locale))
            return
        await self.change(interaction, SongChange(song, Operation.REMIX, remix=remix))

    async def _press(self, press: Click, work: Callable[..., Awaitable[None]]) -> None:
        """Answers a press with the song that `work` makes for whoever pressed."""
        try:
            require_posting(press)
            await press.response.defer(thinking=True)
        except (LnhError, discord.DiscordException) as error:
            await explain(press, error)
            return
        asked = asked_by(press)
        reply = self._reply(InteractionConversation(press), asked)
        await self._perform(reply, lambda: work(id=asked.id, requester=asked.requester, place=asked.place, reply=reply))

    async def files(self, press: Click, song: RequestId, kinds: tuple[ExtraFile, ...]) -> None:
        """Answers the menu of further files, however old its song is."""
        asked = asked_by(press)
        try:
            require_posting(press)
            await press.response.send_message(making_line(kinds, asked.requester.locale))
        except (LnhError, discord.DiscordException) as error:
            await explain(press, error)
            return
        reply = DiscordFilesReply(InteractionConversation(press), self.channels, asked)
        wish = FilesWish(song, kinds, press.filesize_limit / MIB)
        with self.running.track():
            await self.band.files.make(wish, asked.requester, reply)

    async def rehearse(self, interaction: Click) -> None:
        """Answers `/daily preview`: the next daily song of the channel, for whoever asked alone."""
        await self._rehearse(interaction, self.band.daily.upcoming)

    async def replace_daily(self, interaction: Click) -> None:
        """Answers `/daily another`: another song takes the place of the next one, and is heard as in a preview."""
        await self._rehearse(interaction, self.band.daily.another)

    async def instead(self, press: Click, next_song: str) -> None:
        """Answers the button under a preview in the same way."""
        try:
            if not press.permissions.manage_guild:
                raise NotAllowed
            await self._rehearse(press, partial(self.band.daily.another, heard=next_song))
        except Exception as error:  # noqa: BLE001  # a button has no other handler; what nobody expected is logged
            await explain(press, error)

    async def _rehearse(self, interaction: Click, find: Callable[[Place], Awaitable[DailySchedule]]) -> None:
        """Plays the next song of the schedule that is found to whoever asked alone. Raises LnhError: there is none."""
        asked = asked_by(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        schedule = await find(asked.place)
        reply = PrivateReply(InteractionConversation(interaction), self.channels, asked, schedule)
        with self.running.track():
            await self.band.daily.rehearse(schedule, asked.requester, reply)

    async def cancel(self, press: Click, song: RequestId, person: str) -> None:
        """Answers a Cancel button; the conversation about the song hears of it from the composer."""
        try:
            if str(press.user.id) != person and not press.permissions.manage_messages:
                raise NotAllowed()
            await press.response.defer()
            await self.band.compose.cancel(song)
        except (LnhError, discord.DiscordException) as error:
            await explain(press, error)

    async def on_message(self, message: discord.Message) -> None:
        """Composes for whoever writes the bot's name and wishes; a mere reply to one of its messages is no wish.

        Who writes to the bot alone need not name it: the text of such messages comes without any intent.
        """
        me = self.user
        if me is None or message.author.bot or message.is_system():
            return
        if message.guild is not None and me.id not in message.raw_mentions:
            return
        asked = asked_in(message)
        if not await self.band.heard.is_first(asked.id):
            return
        reply = self._reply(MentionConversation(message), asked)
        try:
            require_posting_in(message)
            text = wishes_text(message.content, me.id)
            if text.casefold() in HELP_WORDS:
                await reply.help()
                return
            request = self._request(wishes_from_text(text, self.band.catalogue), asked)
        except (LnhError, MusicError) as error:
            await reply.error(error)
            return
        await self._perform(reply, lambda: self.band.compose.compose(request, reply))

    def plain_reply(self, asked: Asked) -> PlainReply:
        return PlainReply(self.channels, asked, self.band.answers)

    def _reply(self, conversation: Conversation, asked: Asked) -> SongReply:
        return SongReply(conversation, self.plain_reply(asked), asked)

    def _request(self, wishes: SongWishes, asked: Asked) -> SongRequest:
        return build_request(
            wishes,
            id=asked.id,
            seed=draw_seed(),
            place=asked.place,
            requester=asked.requester,
            catalogue=self.band.catalogue,
        )

    async def _perform(self, reply: SongReply, work: Callable[[], Awaitable[Any]]) -> None:
        with self.running.track():
            async with reply.kept_fresh():
                await work()
