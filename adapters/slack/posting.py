"""A song into a channel, as one message.

Slack's `files.completeUploadExternal` takes `blocks` since 2025, so the card, the MP3, the MIDI file, the caption and
the buttons are one message, and their values (the song's id) are all they need after a restart. Two
limits: the caption must then be a block, since `initial_comment` silences `blocks`; and Slack refuses some blocks
there with `internal_error` although `chat.postMessage` takes them. A finished song is never lost to that: it is
uploaded again with a plain comment, and the button follows in a message of its own.
"""

import json
from collections.abc import Iterable
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.refusals import CALL_FAILURES, NO_BLOCKS, error_code, explained
from adapters.slack.translate import MAX_TEXT, clamp, escape, song_actions, song_blocks, uploads
from bot.domain.request import Place
from bot.domain.song import Song

_logger = structlog.get_logger(__name__)


async def post_song(client: AsyncWebClient, place: Place, song: Song, words: str, locale: str) -> None:
    """Posts the song with `words` above its files and buttons in the language of `locale`.

    Raises:
        DeliveryFailed, PlaceGone: Slack refused it; `reason` says why.
    """
    with explained():
        try:
            await _upload(client, place, song, blocks=json.dumps(song_blocks(song, words, locale)))
        except SlackApiError as error:
            if error_code(error) not in NO_BLOCKS:
                raise
            _logger.warning("slack refused blocks on an upload", song_id=song.id, error=error_code(error))
            await _upload(client, place, song, initial_comment=clamp(escape(words), MAX_TEXT))
            await _post_actions(client, place, song, locale)


async def post_files(client: AsyncWebClient, channel: str, song: Song) -> None:
    """Posts the song's files and no word. Raises CALL_FAILURES."""
    await client.files_upload_v2(file_uploads=uploads(song), channel=channel)


async def turn_into_song(
    client: AsyncWebClient, place: Place, ts: str, song: Song, blocks: list[dict[str, Any]]
) -> list[str]:
    """Makes a message of ours, by its timestamp, the song; the ids of the files it has then.

    Only messages that were posted as such can be changed: Slack does not tell which message an upload became.

    Raises:
        CALL_FAILURES: Slack refused it, or its answer does not show the files; those are taken back.
    """
    done = await client.files_upload_v2(file_uploads=uploads(song))  # shared with nobody
    files = [str(file["id"]) for file in done["files"]]
    try:
        answer = await client.chat_update(
            channel=place.channel, ts=ts, text=escape(song.title), blocks=blocks, file_ids=files
        )
        _require_files(answer.get("message") or {}, files)
    except CALL_FAILURES:
        await remove_files(client, files)
        raise
    return files


def _require_files(message: dict[str, Any], files: Iterable[str]) -> None:
    """Raises SlackRequestError for a message that lacks one: a song nobody can hear is posted anew rather than lost."""
    shown = {file.get("id") for file in message.get("files") or ()}
    if not shown.issuperset(files):
        raise SlackRequestError("the message does not show its files")


async def remove_files(client: AsyncWebClient, files: Iterable[str]) -> None:
    """Deletes files of ours; what stays behind takes up room and nothing else."""
    for file in files:
        try:
            await client.files_delete(file=file)
        except CALL_FAILURES as error:
            _logger.info("file not removed", file=file, error=repr(error))


async def _upload(
    client: AsyncWebClient, place: Place, song: Song, *, blocks: str | None = None, initial_comment: str | None = None
) -> None:
    # Whatever the SDK does not know by name it hands on to files.completeUploadExternal, `blocks` as JSON text.
    await client.files_upload_v2(
        file_uploads=uploads(song),
        channel=place.channel,
        thread_ts=place.thread,
        initial_comment=initial_comment,
        blocks=blocks,
    )


async def _post_actions(client: AsyncWebClient, place: Place, song: Song, locale: str) -> None:
    await client.chat_postMessage(
        channel=place.channel,
        thread_ts=place.thread,
        text=escape(song.title),
        blocks=[song_actions(song, locale)],
    )
