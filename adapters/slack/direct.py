"""A song for one person, in a direct message: the next daily song, before it is posted."""

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.posting import post_files
from adapters.slack.refusals import explained
from adapters.slack.reply import SlackReply
from adapters.slack.translate import MAX_TEXT, clamp, escape, rehearsal_blocks
from bot.domain.daily import DailySchedule
from bot.domain.errors import DeliveryFailed
from bot.domain.song import Progress, Song
from bot.messages import caption, next_words, say, sentence
from bot.ports import UserError

_logger = structlog.get_logger(__name__)


class SlackDirectReply:
    """Sends the next song of a schedule to whoever asked in `reply`; its only button is for another one instead.

    Errors are whispered where it was asked for. Implements bot.ports.Reply.
    """

    def __init__(self, client: AsyncWebClient, reply: SlackReply, schedule: DailySchedule) -> None:
        self._client = client
        self._reply = reply
        self._schedule = schedule

    async def progress(self, progress: Progress) -> None:
        """Nothing: there is no message of it yet."""

    async def preview(self, song: Song) -> None:
        """Nothing either: the song itself is all that is wanted."""

    async def song(self, song: Song) -> None:
        person = self._reply.requester
        note = say("daily_rehearsal", person.locale, next=next_words(self._schedule, person.locale))
        words = f"{note}\n{caption(song, person.locale)}"
        blocks = rehearsal_blocks(words, self._schedule.next_song, say("instead_button", person.locale))
        text = clamp(escape(words), MAX_TEXT)
        with explained():
            # This opens the conversation.
            answer = await self._client.chat_postMessage(channel=person.id, text=text, blocks=blocks)
            await post_files(self._client, str(answer["channel"]), song)

    async def error(self, error: UserError) -> None:
        if isinstance(error, DeliveryFailed):
            _logger.warning("a song could not be sent", person=self._reply.requester.id, reason=repr(error))
        await self._reply.whisper(clamp(escape(sentence(error, self._reply.requester.locale)), MAX_TEXT))
