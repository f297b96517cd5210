"""What one requester sees: a progress message that is edited, then the song, or one sentence why not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import stamina
import structlog
from aiohttp import ClientConnectorError
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack.clients import SlackClients
from adapters.slack.posting import post_song, remove_files, turn_into_song
from adapters.slack.refusals import CALL_FAILURES, explain, is_gone
from adapters.slack.translate import MAX_TEXT, clamp, escape, preview_blocks, progress_blocks, song_blocks
from bot.domain.errors import PlaceGone, Refused, TokensLocked
from bot.domain.request import Place, Requester, RequestId
from bot.domain.song import Progress, Song, Stage
from bot.messages import caption, progress_line, say, sentence
from bot.ports import Answers, UserError
from inference.music.errors import MusicError

PROGRESS_EVERY_S = 3.0
POSTED = "posted"
PATIENCE_S = 300.0
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is answered: the request's id, where and whom, and the address a command or button came with."""

    id: RequestId
    place: Place
    requester: Requester
    response_url: str | None = None


class SlackReply:
    """One conversation about one request.

    Slack bears a message a second in a channel and some fifty edits a minute in a workspace, so progress is shown
    at most every three seconds and skipped while Slack asks for less. Refusals are seen by the requester alone;
    what fails after work began is told where the progress was.
    """

    def __init__(
        self,
        clients: SlackClients,
        asked: Asked,
        now: Callable[[], float] = time.monotonic,
        *,
        answers: Answers | None = None,
    ) -> None:
        self._clients = clients
        self._answers = answers
        self._asked = asked
        self._place = asked.place
        self._locale = asked.requester.locale
        self._now = now
        self._progress_ts: str | None = None
        self._preview_files: list[str] = []
        self._shown = ""
        self._silent_until = float("-inf")

    @property
    def requester(self) -> Requester:
        return self._asked.requester

    async def open(self) -> None:
        """Says that the request has arrived, which also proves that we may write here before any work is done.

        Raises:
            PlaceGone: we may not, and trying later will not help.
            DeliveryFailed: our token cannot be read.
        """
        try:
            await self._post_progress(self._line(Progress(Stage.QUEUED)))
        except CALL_FAILURES as error:
            failure = explain(error)
            if isinstance(failure, PlaceGone) or isinstance(error, TokensLocked):
                raise failure from error
            self._rest(error)

    async def progress(self, progress: Progress) -> None:
        line = self._line(progress)
        if self._now() < self._silent_until or line == self._shown:
            return
        if await self._recall() == POSTED or self._preview_files:
            return
        try:
            await self._show(line)
        except CALL_FAILURES as error:
            self._rest(error)

    async def preview(self, song: Song) -> None:
        """The progress message becomes the song with its quick mix."""
        if self._progress_ts is None:
            return
        words, requester = f"{caption(song, self._locale)}\n{say('preview', self._locale)}", self._asked.requester.id
        blocks = preview_blocks(words, self._asked.id, requester, say("cancel_button", self._locale))
        try:
            self._preview_files = await turn_into_song(
                self._clients.delivery, self._place, self._progress_ts, song, blocks
            )
        except CALL_FAILURES as error:
            _logger.info("preview not posted", request_id=self._asked.id, error=repr(error))
            self._shown = ""  # whatever the message says now, the next line of progress replaces it
            return
        await self._remember(" ".join([self._progress_ts, *self._preview_files]))

    async def song(self, song: Song) -> None:
        if await self._recall() == POSTED:
            _logger.info("song was posted before the crash", request_id=self._asked.id)
            return
        if not await self._replace_preview(song):
            await self._post(song)
        # Slack drops no post for being the second: from here on a crash does not lead to one.
        await self._remember(POSTED)
        await self._take_away()

    async def _post(self, song: Song) -> None:
        """A message of its own; a Slack that cannot be reached is waited for."""
        words = caption(song, self._locale)
        async for attempt in stamina.retry_context(on=_is_away, attempts=None, timeout=PATIENCE_S, wait_max=30.0):
            with attempt:
                await post_song(self._clients.delivery, self._place, song, words, self._locale)

    async def error(self, error: UserError) -> None:
        await self._recall()
        words = clamp(escape(sentence(error, self._locale)), MAX_TEXT)
        is_refusal = isinstance(error, Refused | MusicError)
        if is_refusal or self._preview_files or not await self._edit(words):
            await self._take_away()
            await self.whisper(words)

    async def close(self) -> None:
        """Takes the progress message away, if there is one; where that fails it may be asked for again.

        A preview stays: whoever goes on with the song later finds it and puts the song in its place.
        """
        if not self._preview_files:
            await self._take_away()

    async def _replace_preview(self, song: Song) -> bool:
        """Puts the song where its preview is; False if there is none or Slack does not let us."""
        if self._progress_ts is None or not self._preview_files:
            return False
        delivery, words = self._clients.delivery, caption(song, self._locale)
        try:
            await turn_into_song(delivery, self._place, self._progress_ts, song, song_blocks(song, words, self._locale))
        except CALL_FAILURES as error:
            _logger.info("preview not replaced", request_id=self._asked.id, error=repr(error))
            if not is_gone(error):
                return False
            _logger.info("the preview was deleted, so the song is not wanted", request_id=self._asked.id)
        self._progress_ts = None
        await remove_files(delivery, self._preview_files)
        self._preview_files = []
        return True

    async def _take_away(self) -> None:
        if self._preview_files:
            await remove_files(self._clients.delivery, self._preview_files)
            self._preview_files = []
        if self._progress_ts is None:
            return
        try:
            await self._clients.progress.chat_delete(channel=self._place.channel, ts=self._progress_ts)
        except CALL_FAILURES as error:
            _logger.info("progress not taken away", error=repr(error))
        else:
            self._progress_ts = None

    async def whisper(self, words: str) -> None:
        """Tells the requester alone, by whichever way is open; `words` are mrkdwn. Never raises."""
        for way in (self._respond, self._post_ephemeral, self._post_direct):
            try:
                if await way(words):
                    return
            except CALL_FAILURES as error:
                _logger.info("a way to the requester is closed", way=way.__name__, error=repr(error))
        _logger.warning("the requester could not be told", user=self._asked.requester.id)

    def _rest(self, error: Exception) -> None:
        """No progress for as long as Slack asks to be left alone."""
        self._silent_until = self._now() + _retry_after_s(error)
        _logger.info("progress not shown", error=repr(error))

    def _line(self, progress: Progress) -> str:
        return escape(progress_line(progress, self._locale))

    async def _show(self, line: str) -> None:
        if self._progress_ts is None:
            await self._post_progress(line)
            return
        await self._clients.progress.chat_update(
            channel=self._place.channel, ts=self._progress_ts, text=line, blocks=self._progress_blocks(line)
        )
        self._note(line)

    async def _post_progress(self, line: str) -> None:
        answer = await self._clients.progress.chat_postMessage(
            channel=self._place.channel,
            thread_ts=self._place.thread,
            text=line,
            blocks=self._progress_blocks(line),
        )
        self._progress_ts = str(answer["ts"])
        self._note(line)
        await self._remember(self._progress_ts)

    async def _remember(self, note: str) -> None:
        if self._answers is None:
            return
        try:
            await self._answers.note(self._asked.id, note)
        except Exception:
            _logger.exception("answer not noted", request_id=self._asked.id)

    async def _recall(self) -> str | None:
        """What was noted before a crash; its progress message is ours again."""
        if self._answers is None or self._progress_ts is not None:
            return None
        note = await self._answers.noted(self._asked.id)
        if note is not None and note != POSTED:
            self._progress_ts, *self._preview_files = note.split()
        return note

    def _progress_blocks(self, line: str) -> list[dict[str, Any]]:
        return progress_blocks(line, self._asked.id, self._asked.requester.id, say("cancel_button", self._locale))

    def _note(self, line: str) -> None:
        self._shown = line
        self._silent_until = self._now() + PROGRESS_EVERY_S

    async def _edit(self, words: str) -> bool:
        """Turns the progress message into a last word; False if there is none or Slack does not let us."""
        ts, self._progress_ts = self._progress_ts, None
        if ts is None:
            return False
        try:
            await self._clients.delivery.chat_update(channel=self._place.channel, ts=ts, text=words, blocks=[])
        except CALL_FAILURES as error:
            self._progress_ts = ts
            _logger.info("progress not edited", error=repr(error))
            return False
        return True

    async def _respond(self, words: str) -> bool:
        """By the payload's own address: it works in channels we are not in, five times in half an hour."""
        if self._asked.response_url is None:
            return False
        # Said aloud, because in answer to a button a default could put the words in place of the song under it.
        answer = await AsyncWebhookClient(self._asked.response_url).send(
            text=words, response_type="ephemeral", replace_original=False
        )
        return answer.status_code == 200

    async def _post_ephemeral(self, words: str) -> bool:
        place, user = self._place, self._asked.requester.id
        await self._clients.delivery.chat_postEphemeral(
            channel=place.channel, thread_ts=place.thread, user=user, text=words
        )
        return True

    async def _post_direct(self, words: str) -> bool:
        await self._clients.delivery.chat_postMessage(channel=self._asked.requester.id, text=words)
        return True


def _is_away(error: Exception) -> bool:
    """Whether Slack was not there at all, so that nothing can have been posted; of a lost answer nobody knows that."""
    return isinstance(error.__cause__, ClientConnectorError)


def _retry_after_s(error: Exception) -> float:
    """How long Slack asks to be left alone, at least one interval."""
    if isinstance(error, SlackApiError):
        headers = getattr(error.response, "headers", {})
        wait = str(headers.get("Retry-After", ""))
        if wait.isdecimal():
            return max(float(wait), PROGRESS_EVERY_S)
    return PROGRESS_EVERY_S
