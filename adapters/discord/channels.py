"""Plain messages of the bot in channels: the daily song, and songs whose interaction is over."""

import hashlib
from dataclasses import dataclass

import discord
import structlog

from adapters.discord.posting import FAILURES, deliver, delivery_error, files_of, message_parts, text_of
from adapters.discord.translate import MAX_NONCE, FilesPost, SongPost, clamp, song_post
from bot.domain.errors import DeliveryFailed
from bot.domain.request import Place, Requester
from bot.domain.song import Song
from bot.messages import caption
from inference.music.errors import UnknownGenre
from inference.music.genre import GenreCatalogue

OTHER_COLOUR = "#808080"
FLOOR_BYTES = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Channels:
    """Posts by channel id; implements the Messenger port."""

    client: discord.Client
    catalogue: GenreCatalogue

    def compose_post(self, song: Song, locale: str, limit_bytes: int, note: str | None = None) -> SongPost:
        """The message of a song where a file may have `limit_bytes`; a note stands before the caption."""
        text = caption(song, locale)
        return song_post(
            song, text if note is None else f"{note}\n{text}", self._colour(song.genre), limit_bytes, locale
        )

    def _colour(self, genre: str) -> str:
        try:
            return self.catalogue.find(genre).colour
        except UnknownGenre:  # a song from before the catalogue lost its genre is still a song
            return OTHER_COLOUR

    async def post_song(self, place: Place, song: Song, note: str | None, nonce: str) -> None:
        """Posts into a channel; Discord drops a second post of the same nonce for some minutes.

        Raises:
            PlaceGone: channel deleted, bot removed or permission lost.
            DeliveryFailed: anything that may be over in a while.
        """
        channel = self._channel(place)
        guild = self.client.get_guild(int(place.workspace)) if place.workspace.isdecimal() else None
        limit_bytes = FLOOR_BYTES if guild is None else guild.filesize_limit
        locale = "en" if guild is None else guild.preferred_locale.value
        post = self.compose_post(song, locale, limit_bytes, note)

        async def send(post: SongPost) -> object:
            return await channel.send(**message_parts(post), files=files_of(post), nonce=short_nonce(nonce))

        try:
            await deliver(post, send)
        except FAILURES as error:
            raise delivery_error(error) from error

    async def post_files(self, place: Place, post: FilesPost) -> None:
        """Posts more files of a song. Raises as `post_song`."""
        channel = self._channel(place)

        async def send(post: FilesPost) -> object:
            return await channel.send(content=text_of(post), files=files_of(post))

        try:
            await deliver(post, send)
        except FAILURES as error:
            raise delivery_error(error) from error

    async def turn_into_song(self, place: Place, message: int, song: Song, locale: str) -> None:
        """Makes a message of ours the song; done twice it is the same message. Raises as `post_song`."""
        guild = self.client.get_guild(int(place.workspace)) if place.workspace.isdecimal() else None
        limit_bytes = FLOOR_BYTES if guild is None else guild.filesize_limit
        ours = self._channel(place).get_partial_message(message)

        async def send(post: SongPost) -> object:
            return await ours.edit(**message_parts(post), attachments=files_of(post))

        try:
            await deliver(self.compose_post(song, locale, limit_bytes), send)
        except FAILURES as error:
            raise delivery_error(error) from error

    async def turn_into_words(self, place: Place, message: int, text: str) -> None:
        """Makes a message of ours one sentence without buttons. Raises as `post_song`."""
        try:
            ours = self._channel(place).get_partial_message(message)
            await ours.edit(content=clamp(text), embed=None, attachments=[], view=None)
        except FAILURES as error:
            raise delivery_error(error) from error

    async def take_away(self, place: Place, message: int) -> None:
        """Deletes a message of ours; one that stays behind is only untidy."""
        try:
            await self._channel(place).get_partial_message(message).delete()
        except (*FAILURES, DeliveryFailed) as error:
            _log.info("message not taken away", message=message, reason=str(error))

    async def write(self, place: Place, text: str) -> None:
        """Posts one sentence into a channel. Raises DeliveryFailed, PlaceGone."""
        channel = self._channel(place)
        try:
            await channel.send(clamp(text))
        except FAILURES as error:
            raise delivery_error(error) from error

    async def tell(self, person: Requester, place: Place, sentence: str) -> None:
        """Writes to a person directly, or in the channel when they take no messages; gives up with a log line."""
        try:
            if not await self._tell_directly(person, sentence):
                await self.write(place, sentence)
        except DeliveryFailed as error:
            _log.warning("nobody could be told", person=person.id, sentence=sentence, reason=str(error))

    async def _tell_directly(self, person: Requester, sentence: str) -> bool:
        self._require_connection()
        try:
            direct = await self.client.create_dm(discord.Object(int(person.id)))
            await direct.send(clamp(sentence))
        except FAILURES:
            return False
        return True

    def _channel(self, place: Place) -> discord.PartialMessageable:
        self._require_connection()
        return self.client.get_partial_messageable(int(place.channel))

    def _require_connection(self) -> None:
        """The library has no session before the login and after the end, and says so by errors of its own."""
        if self.client.user is None or self.client.is_closed():
            raise DeliveryFailed(reason="Discord is not connected")


def short_nonce(nonce: str) -> str:
    """The nonce itself, or a digest of it where it is longer than Discord takes."""
    if len(nonce) <= MAX_NONCE:
        return nonce
    return hashlib.sha256(nonce.encode()).hexdigest()[:MAX_NONCE]
