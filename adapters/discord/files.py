"""More files of a song: an answer to whoever chose them under it, and a plain message once that is too late."""

import structlog

from adapters.discord.asking import Asked
from adapters.discord.channels import Channels
from adapters.discord.conversations import InteractionConversation
from adapters.discord.posting import FAILURES, deliver
from adapters.discord.translate import FilesPost, files_posts
from bot.domain.files import MadeFiles
from bot.messages import made_lines, sentence
from bot.ports import UserError

_log = structlog.get_logger(__name__)


class DiscordFilesReply:
    """Makes the line that says what is being made the files; implements bot.ports.FilesReply."""

    def __init__(self, conversation: InteractionConversation, channels: Channels, asked: Asked) -> None:
        self._conversation = conversation
        self._channels = channels
        self._asked = asked
        self._is_over = False

    async def files(self, made: MadeFiles) -> None:
        locale = self._asked.requester.locale
        first, *more = files_posts(made, made_lines(made, locale), self._conversation.limit_bytes, locale)
        await self._post(first, is_first=True)
        for post in more:
            await self._post(post, is_first=False)

    async def error(self, error: UserError) -> None:
        try:
            await self._conversation.whisper(sentence(error, self._asked.requester.locale))
        except FAILURES as failure:
            _log.warning("nobody could be told", request=self._asked.id, reason=str(failure))

    async def _post(self, post: FilesPost, *, is_first: bool) -> None:
        if not self._is_over:
            try:
                await deliver(post, self._conversation.attach if is_first else self._conversation.follow)
            except FAILURES as error:
                _log.info("answered by a plain message", request=self._asked.id, reason=str(error))
                self._is_over = True
            else:
                return
        await self._channels.post_files(self._asked.place, post)
