"""More files of a song, in its thread."""

import structlog

from adapters.slack.clients import SlackClients
from adapters.slack.refusals import CALL_FAILURES, explain, explained
from adapters.slack.reply import Asked, SlackReply
from adapters.slack.translate import MAX_TEXT, clamp, escape, file_batches
from bot.domain.errors import PlaceGone
from bot.domain.files import MadeFiles
from bot.messages import made_lines, sentence
from bot.ports import UserError

_logger = structlog.get_logger(__name__)


class SlackFilesReply:
    """Says what is being made and puts the files in its place; implements bot.ports.FilesReply."""

    def __init__(self, clients: SlackClients, asked: Asked, reply: SlackReply) -> None:
        self._clients = clients
        self._asked = asked
        self._reply = reply
        self._making_ts: str | None = None

    async def open(self, words: str) -> None:
        """Says what is being made. Raises PlaceGone where nothing can be posted."""
        place = self._asked.place
        try:
            answer = await self._clients.delivery.chat_postMessage(
                channel=place.channel, thread_ts=place.thread, text=escape(words)
            )
        except CALL_FAILURES as error:
            failure = explain(error)
            if isinstance(failure, PlaceGone):
                raise failure from error
            _logger.info("nothing said of the files", request_id=self._asked.id, error=repr(error))
        else:
            self._making_ts = str(answer["ts"])

    async def files(self, made: MadeFiles) -> None:
        words = clamp(escape(made_lines(made, self._asked.requester.locale)), MAX_TEXT)
        if not made.files:
            await self._say(words)
            return
        comment: str | None = words
        for batch in file_batches(made):
            with explained():
                await self._clients.delivery.files_upload_v2(
                    file_uploads=batch,
                    channel=self._asked.place.channel,
                    thread_ts=self._asked.place.thread,
                    initial_comment=comment,
                )
            comment = None
        await self.close()

    async def error(self, error: UserError) -> None:
        await self._say(clamp(escape(sentence(error, self._asked.requester.locale)), MAX_TEXT))

    async def close(self) -> None:
        """Takes away what says that something is being made."""
        ts, self._making_ts = self._making_ts, None
        if ts is None:
            return
        try:
            await self._clients.progress.chat_delete(channel=self._asked.place.channel, ts=ts)
        except CALL_FAILURES as error:
            _logger.info("what was being made is still said", request_id=self._asked.id, error=repr(error))

    async def _say(self, words: str) -> None:
        """The last word, where the first one was."""
        ts, self._making_ts = self._making_ts, None
        if ts is not None:
            try:
                await self._clients.delivery.chat_update(channel=self._asked.place.channel, ts=ts, text=words)
            except CALL_FAILURES as error:
                _logger.info("not said in the thread", request_id=self._asked.id, error=repr(error))
            else:
                return
        await self._reply.whisper(words)
