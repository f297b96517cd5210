"""What the compose service talks to: progress by edits, then the song; errors to whoever asked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import stamina
import structlog

from adapters.discord.asking import Asked
from adapters.discord.buttons import cancel_view
from adapters.discord.channels import Channels
from adapters.discord.conversations import Conversation
from adapters.discord.posting import FAILURES, deliver, is_gone
from adapters.discord.translate import SongPost
from bot.domain.errors import DeliveryFailed, PlaceGone
from bot.domain.song import Progress, Song, Stage
from bot.messages import progress_line, say, sentence
from bot.ports import Answers, UserError

EDIT_EVERY_S = 1.5
PATIENCE_S = 300.0  # Discord drops a second post of the same nonce for some minutes, so trying again is safe
_log = structlog.get_logger(__name__)


class PlainReply:
    """Posts into the channel, for a request whose interaction is gone.

    After a crash the message that showed how far the song was becomes the song. Were it the song already, it still is:
    so nobody gets one twice, and no old progress stays behind.
    """

    def __init__(self, channels: Channels, asked: Asked, answers: Answers) -> None:
        self._channels = channels
        self._asked = asked
        self._answers = answers

    def compose_post(self, song: Song, limit_bytes: int) -> SongPost:
        """The message of a song for whoever asked."""
        return self._channels.compose_post(song, self._asked.requester.locale, limit_bytes)

    async def progress(self, progress: Progress) -> None:
        """Nothing: nobody watches."""

    async def preview(self, song: Song) -> None:
        """Nothing either: it would be replaced before anybody saw it."""

    async def song(self, song: Song) -> None:
        message = await self._noted()
        if message is not None:
            try:
                await self._channels.turn_into_song(self._asked.place, message, song, self._asked.requester.locale)
            except DeliveryFailed as failure:
                _log.info("progress could not become the song", request=self._asked.id, reason=str(failure))
            else:
                return
        await self.post(song)

    async def post(self, song: Song) -> None:
        """A message of its own, in place of the progress; troubles that pass are waited out. Raises DeliveryFailed."""
        async for attempt in stamina.retry_context(on=_may_pass, attempts=None, timeout=PATIENCE_S, wait_max=30.0):
            with attempt:
                await self._channels.post_song(self._asked.place, song, None, self._asked.id)
        message = await self._noted()
        if message is not None:
            await self._channels.take_away(self._asked.place, message)

    async def error(self, error: UserError) -> None:
        place, words = self._asked.place, sentence(error, self._asked.requester.locale)
        message = await self._noted()
        try:
            if message is not None:
                with contextlib.suppress(DeliveryFailed):
                    await self._channels.turn_into_words(place, message, words)
                    return
            await self._channels.write(place, words)
        except DeliveryFailed as failure:
            _log.warning("an error could not be told", request=self._asked.id, reason=str(failure))

    async def note(self, message: int) -> None:
        """Remembers the message that shows the progress."""
        try:
            await self._answers.note(self._asked.id, str(message))
        except Exception:  # noqa: BLE001  # whatever is wrong with the storage, the song goes on
            _log.exception("progress message not noted", request=self._asked.id)

    async def _noted(self) -> int | None:
        message = await self._answers.noted(self._asked.id)
        return None if message is None else int(message)


class SongReply:
    """Talks in a conversation for as long as that works, and falls back to plain messages in the channel.

    Progress is only noted; `kept_fresh` shows the newest line every EDIT_EVERY_S seconds if it changed, so that
    neither a slow edit nor a rate limit ever holds up the music.
    """

    def __init__(self, conversation: Conversation, fallback: PlainReply, asked: Asked) -> None:
        self._conversation = conversation
        self._fallback = fallback
        self._asked = asked
        self._line = progress_line(Progress(Stage.QUEUED), asked.requester.locale)
        self._shown: str | None = None
        self._finished = False
        self._is_previewed = False
        self._is_noted = False
        self._editing = asyncio.Lock()

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Shows progress while the body runs."""
        async with asyncio.TaskGroup() as tasks:
            refresher = tasks.create_task(self._refresh())
            yield
            refresher.cancel()

    async def progress(self, progress: Progress) -> None:
        self._line = progress_line(progress, self._asked.requester.locale)

    async def preview(self, song: Song) -> None:
        post = self._fallback.compose_post(song, self._conversation.limit_bytes)
        words = f"{post.content}\n{say('preview', self._asked.requester.locale)}"
        async with self._editing:
            try:
                await deliver(replace(post, content=words, asker=self._asked.requester), self._post)
            except FAILURES as error:
                _log.info("preview not posted", request=self._asked.id, reason=str(error))
                return
            self._finished = self._is_previewed = True

    async def song(self, song: Song) -> None:
        async with self._editing:
            self._finished = True
            post = self._fallback.compose_post(song, self._conversation.limit_bytes)
            try:
                await deliver(post, self._post)
            except FAILURES as error:
                if self._is_previewed and is_gone(error):
                    _log.info("the preview was deleted, so the song is not wanted", request=self._asked.id)
                    return
                _log.info("answered by a plain message", request=self._asked.id, reason=str(error))
                await self._fallback.post(song)

    async def error(self, error: UserError) -> None:
        async with self._editing:
            self._finished = True
            try:
                await self._conversation.whisper(sentence(error, self._asked.requester.locale))
            except FAILURES as failure:
                _log.info("answered by a plain message", request=self._asked.id, reason=str(failure))
                await self._fallback.error(error)

    async def help(self) -> None:
        """Says what one can write; whoever cannot be told may ask again."""
        try:
            await self._conversation.whisper(say("discord_help", self._asked.requester.locale).strip())
        except FAILURES as failure:
            _log.info("help not given", request=self._asked.id, reason=str(failure))

    async def _refresh(self) -> None:
        while True:
            async with self._editing:
                await self._show()
            await asyncio.sleep(EDIT_EVERY_S)

    async def _show(self) -> None:
        if self._finished or self._line == self._shown:
            return
        self._shown = self._line
        try:
            message = await self._conversation.show(self._line, cancel_view(self._asked.id, self._asked.requester))
        except FAILURES as error:
            _log.debug("progress not shown", request=self._asked.id, reason=str(error))
            return
        await self._note(message)

    async def _post(self, post: SongPost) -> None:
        await self._note(await self._conversation.post(post))

    async def _note(self, message: int) -> None:
        if not self._is_noted:
            self._is_noted = True
            await self._fallback.note(message)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, DeliveryFailed) and not isinstance(error, PlaceGone)
