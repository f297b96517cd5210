"""Posts nobody asked for: the daily song, and a word to the admin who set it up."""

from collections.abc import Callable

import structlog

from adapters.slack.clients import SlackClients
from adapters.slack.posting import post_song
from adapters.slack.refusals import CALL_FAILURES
from adapters.slack.translate import MAX_TEXT, clamp, escape
from bot.domain.request import Place, Requester
from bot.domain.song import Song
from bot.messages import caption

REMEMBERED_NONCES = 1000
_logger = structlog.get_logger(__name__)


class SlackMessenger:
    """Slack knows no nonce for uploads, so the last thousand are remembered here: a caller that tries again
    after a post that went through does not post twice. Across restarts the schedule's claim guards.
    """

    def __init__(self, clients_of: Callable[[str], SlackClients]) -> None:
        self._clients_of = clients_of
        self._posted: dict[str, None] = {}

    async def post_song(self, place: Place, song: Song, note: str | None, nonce: str) -> None:
        if nonce in self._posted:
            return
        words = "\n".join(part for part in (note, caption(song, "en")) if part)
        await post_song(self._clients_of(place.workspace).delivery, place, song, words, "en")
        self._posted[nonce] = None
        if len(self._posted) > REMEMBERED_NONCES:
            del self._posted[next(iter(self._posted))]

    async def tell(self, person: Requester, place: Place, sentence: str) -> None:
        """A direct message, or else one in the channel. Never raises; what cannot be told is logged."""
        words, delivery = clamp(escape(sentence), MAX_TEXT), self._clients_of(place.workspace).delivery
        for channel, thread in ((person.id, None), (place.channel, place.thread)):
            try:
                await delivery.chat_postMessage(channel=channel, thread_ts=thread, text=words)
            except CALL_FAILURES as error:
                _logger.info("a way to the admin is closed", channel=channel, error=repr(error))
            else:
                return
        _logger.warning("the admin could not be told", user=person.id, sentence=sentence)
