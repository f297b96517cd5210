"""A song for the eyes and ears of one person: the next daily song, before it is posted."""

import time
from collections.abc import Callable

import structlog

from adapters.discord.asking import Asked
from adapters.discord.buttons import rehearsal_view
from adapters.discord.channels import Channels
from adapters.discord.conversations import InteractionConversation
from adapters.discord.posting import FAILURES, deliver
from adapters.discord.reply import EDIT_EVERY_S
from adapters.discord.translate import SongPost
from bot.domain.daily import DailySchedule
from bot.domain.song import Progress, Song
from bot.messages import next_words, progress_line, say, sentence
from bot.ports import UserError

_log = structlog.get_logger(__name__)


class PrivateReply:
    """The answer to an interaction that was deferred for whoever asked alone; nothing of it ever gets into the channel.

    All one can press under the song is for another one instead: it has not been posted yet. Implements bot.ports.Reply.
    """

    def __init__(
        self,
        conversation: InteractionConversation,
        channels: Channels,
        asked: Asked,
        schedule: DailySchedule,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conversation = conversation
        self._channels = channels
        self._locale = asked.requester.locale
        self._schedule = schedule
        self._now = now
        self._silent_until = float("-inf")

    async def progress(self, progress: Progress) -> None:
        if self._now() >= self._silent_until:
            self._silent_until = self._now() + EDIT_EVERY_S
            await self._say(progress_line(progress, self._locale))

    async def preview(self, song: Song) -> None:
        """Nothing: the song itself is all that is wanted."""

    async def song(self, song: Song) -> None:
        note = say("daily_rehearsal", self._locale, next=next_words(self._schedule, self._locale))
        post = self._channels.compose_post(song, self._locale, self._conversation.limit_bytes, note)

        async def attach(post: SongPost) -> None:
            await self._conversation.attach_song(post, rehearsal_view(self._schedule.next_song, self._locale))

        try:
            await deliver(post, attach)
        except FAILURES as error:
            _log.warning("a song could not be shown", song=song.id, reason=str(error))

    async def error(self, error: UserError) -> None:
        await self._say(sentence(error, self._locale))

    async def _say(self, text: str) -> None:
        try:
            await self._conversation.show(text, None)
        except FAILURES as error:
            _log.info("an answer did not arrive", reason=str(error))
