"""A song for one person, in a direct message: the next daily song, before it is posted."""

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.posting import post_files
from adapters.slack.refusals import explained
from adapters.slack.reply import SlackReply
from adapters.slack.translate import MAX_TEXT, clamp, escape
from bot.domain.errors import DeliveryFailed
from bot.domain.song import Progress, Song
from bot.messages import caption, sentence
from bot.ports import UserError

_logger = structlog.get_logger(__name__)


class SlackDirectReply:
    """Sends a song to whoever asked in `reply`, without buttons, for it has not been posted yet.

    Errors are whispered where it was asked for. Implements bot.ports.Reply.
    """

    def __init__(self, client: AsyncWebClient, reply: SlackReply, note: str) -> None:
        self._client = client
        self._reply = reply
        self._note = note

    async def progress(self, progress: Progress) -> None:
        """Nothing: there is no message of it yet."""

    async def preview(self, song: Song) -> None:
        """Nothing either: the song itself is all that is wanted."""

    async def song(self, song: Song) -> None:
        person = self._reply.requester
        words = clamp(escape(f"{self._note}\n{caption(song, person.locale)}"), MAX_TEXT)
        with explained():
            answer = await self._client.chat_postMessage(channel=person.id, text=words)  # this opens the conversation
            await post_files(self._client, str(answer["channel"]), song)

    async def error(self, error: UserError) -> None:
        if isinstance(error, DeliveryFailed):
            _logger.warning("a song could not be sent", person=self._reply.requester.id, reason=repr(error))
        await self._reply.whisper(clamp(escape(sentence(error, self._reply.requester.locale)), MAX_TEXT))
