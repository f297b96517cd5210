"""Discord's ids and payloads <-> the bot's own words; pure, and without the library."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.files import MadeFiles
from bot.domain.request import Place, Requester, RequestId, SongChange, request_id
from bot.domain.song import Song, SongFile
from inference.api import FileFormat

PLATFORM = "discord"
DIRECT_MESSAGES = "direct"
MAX_CONTENT = 2000
MAX_NONCE = 25
MAX_FILES = 10
MIB = 2**20
MAX_REQUEST_BYTES = 25 * MIB
ENVELOPE_BYTES = 64 * 1024  # what multipart headers and the JSON part may need beside the files

_SONG = r"(?P<song>[A-Za-z0-9_-]{1,64})"
ANOTHER = re.compile(rf"lnh:another:{_SONG}")
CHANGE = re.compile(rf"lnh:(?P<change>vary|extend):{_SONG}")
CHOICE = re.compile(rf"lnh:(?P<change>replace|remix):{_SONG}")
REMIX = re.compile(rf"lnh:remix-with:{_SONG}")
FILES = re.compile(rf"lnh:files:{_SONG}")
INSTEAD = re.compile(rf"lnh:instead:{_SONG}")
CANCEL = re.compile(rf"lnh:cancel:{_SONG}:(?P<person>\d{{1,20}})")


def place_of(guild_id: int | None, channel_id: int | None) -> Place:
    """A channel or thread; direct messages share one workspace, in which nothing can be switched off."""
    return Place(PLATFORM, DIRECT_MESSAGES if guild_id is None else str(guild_id), str(channel_id or 0))


def requester_of(user_id: int, name: str, locale: str) -> Requester:
    """The person who asks, with the language that Discord tells."""
    return Requester(str(user_id), name, locale)


def id_of(event_id: int) -> RequestId:
    """The request of an interaction or a message: the same event delivered twice is the same request."""
    return request_id(PLATFORM, str(event_id))


def another_id(song: RequestId) -> str:
    """The `custom_id` of a song's Another button; all its state is in it, so it works for ever."""
    return f"lnh:another:{song}"


def change_id(change: SongChange) -> str:
    """The `custom_id` of a button or menu (of players, of genres) that changes a song; as lasting as `another_id`."""
    return f"lnh:{change.operation}:{change.song}"


def remix_id(song: RequestId) -> str:
    """The `custom_id` of the button that shows the form of a remix; as lasting as `another_id`."""
    return f"lnh:remix-with:{song}"


def files_id(song: RequestId) -> str:
    """The `custom_id` of the menu of a song's further files; as lasting as `another_id`."""
    return f"lnh:files:{song}"


def instead_id(next_song: str) -> str:
    """The `custom_id` of the button that has another song come instead of a daily one (`DailySchedule.next_song`)."""
    return f"lnh:instead:{next_song}"


def cancel_id(song: RequestId, person: str) -> str:
    """The `custom_id` of the Cancel button of a song in the making, and who may press it."""
    return f"lnh:cancel:{song}:{person}"


def wishes_text(content: str, bot_id: int) -> str:
    """What a message says to the bot, without the mention."""
    return re.sub(rf"<@!?{bot_id}>", " ", content).strip()


def clamp(text: str, limit: int = MAX_CONTENT) -> str:
    """At most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True, slots=True)
class SongPost:
    """One message with a song. `colour` is 0xrrggbb; `left_out` were too large for this place; `players` are those
    who can be replaced, `remixes` the genres it could become; a preview can be cancelled by `asker`.
    """

    song_id: RequestId
    content: str
    colour: int
    locale: str
    files: tuple[SongFile, ...]
    left_out: tuple[SongFile, ...] = ()
    players: tuple[str, ...] = ()
    remixes: tuple[tuple[str, str], ...] = ()
    asker: Requester | None = None

    @property
    def card(self) -> SongFile | None:
        return next((file for file in self.files if file.format is FileFormat.CARD), None)

    def without_largest(self) -> "SongPost | None":
        """The same post with one file less, or None when there is nothing left to leave out but the notes."""
        spare = [file for file in self.files if file.format is not FileFormat.MIDI]
        if not spare:
            return None
        largest = max(spare, key=lambda file: len(file.content))
        kept = tuple(file for file in self.files if file is not largest)
        return replace(self, files=kept, left_out=(*self.left_out, largest))


@dataclass(frozen=True, slots=True)
class FilesPost:
    """One message with more files of a song; `left_out` were too large for this place."""

    content: str
    locale: str
    files: tuple[SongFile, ...]
    left_out: tuple[SongFile, ...] = ()

    def without_largest(self) -> "FilesPost | None":
        """The same post with one file less, or None when there is none."""
        if not self.files:
            return None
        largest = max(self.files, key=lambda file: len(file.content))
        kept = tuple(file for file in self.files if file is not largest)
        return replace(self, files=kept, left_out=(*self.left_out, largest))


def files_posts(made: MadeFiles, content: str, limit_bytes: int, locale: str) -> list[FilesPost]:
    """As many messages as Discord needs for the files, where one may have `limit_bytes`; the first says everything."""
    limit_bytes = min(limit_bytes, MAX_REQUEST_BYTES - ENVELOPE_BYTES)
    batches: list[tuple[SongFile, ...]] = [()]
    for file in made.files:
        if len(file.content) > limit_bytes:
            continue
        is_full = len(batches[-1]) == MAX_FILES
        if is_full or _total((*batches[-1], file)) > MAX_REQUEST_BYTES - ENVELOPE_BYTES:
            batches.append(())
        batches[-1] += (file,)
    too_large = tuple(file for file in made.files if len(file.content) > limit_bytes)
    first, *more = batches
    return [FilesPost(content, locale, first, too_large), *(FilesPost("", locale, batch) for batch in more)]


def song_post(song: Song, content: str, colour: str, limit_bytes: int, locale: str) -> SongPost:
    """The post of a song where a file may have `limit_bytes`; `colour` is `#rrggbb`."""
    number = int(colour.lstrip("#"), 16)
    post = SongPost(song.id, content, number, locale, song.files, players=song.players, remixes=song.remixes)
    return fit(post, limit_bytes)


def fit(post: SongPost, limit_bytes: int) -> SongPost:
    """Leaves out what is too large: single files beyond `limit_bytes`, then the largest while the whole is."""
    while _largest(post.files) > limit_bytes or _total(post.files) > MAX_REQUEST_BYTES - ENVELOPE_BYTES:
        smaller = post.without_largest()
        if smaller is None:
            return post
        post = smaller
    return post


def _largest(files: Sequence[SongFile]) -> int:
    return max((len(file.content) for file in files), default=0)


def _total(files: Sequence[SongFile]) -> int:
    return sum(len(file.content) for file in files)
