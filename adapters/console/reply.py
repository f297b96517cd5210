"""What a terminal shows of one request, and of a song nobody at it asked for."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from adapters.console.shelf import put, put_files, put_more
from adapters.console.view import LOCALE, ProgressView, wrapped
from bot.domain.errors import DeliveryFailed
from bot.domain.files import MadeFiles
from bot.domain.request import Place, Requester, RequestId
from bot.domain.song import Progress, Song, SongFile
from bot.messages import caption, made_lines, say, sentence
from bot.ports import UserError
from inference.api import FileFormat


class Screen:
    """Where lines are printed and songs are written; it remembers the last song."""

    def __init__(self, output: TextIO, folder: Path) -> None:
        self.output = output
        self.last_song: RequestId | None = None
        self._folder = folder

    def say(self, *lines: str) -> None:
        """Prints lines at once. Control characters of a title cannot reach the terminal."""
        for line in lines:
            text = "".join(letter for letter in line if letter.isprintable())
            print(wrapped(text) if self.output.isatty() else text, file=self.output, flush=True)

    async def deliver(self, song: Song, note: str | None = None) -> None:
        """Shows a song and remembers it as the last one. Raises DeliveryFailed."""
        await self.show(song, note)
        self.last_song = song.id

    async def show(self, song: Song, note: str | None = None) -> None:
        """Writes the song's files and says where they are. Raises DeliveryFailed.

        What the song is called is told in any case: its seed brings it again when there is room.
        """
        lines = [*((note,) if note else ()), *caption(song, LOCALE).splitlines()]
        try:
            paths = await asyncio.to_thread(put, song, self._folder)
        except DeliveryFailed:
            self.say(*lines)
            raise
        self.say(*lines, *map(str, paths))

    async def preview(self, song: Song) -> list[Path]:
        """Writes what there is already and says where the quick mix is; the files. Raises DeliveryFailed."""
        paths = await asyncio.to_thread(put, song, self._folder)
        self.say(say("preview", LOCALE), *(str(path) for path in paths if path.suffix == f".{FileFormat.MP3}"))
        return paths

    async def add(self, made: MadeFiles) -> None:
        """Writes more files and says where they are. Raises DeliveryFailed."""
        paths = await asyncio.to_thread(put_more, made, self._folder)
        self.say(*made_lines(made, LOCALE).splitlines(), *map(str, paths))

    async def put(self, file: SongFile) -> None:
        """Writes one file and says where it is. Raises DeliveryFailed."""
        stem, _, extension = file.name.partition(".")
        (path,) = await asyncio.to_thread(put_files, [(f".{extension}", file.content)], stem, self._folder)
        self.say(str(path))

    async def forget(self, paths: Sequence[Path]) -> None:
        """Removes files that make room for better ones."""
        for path in paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)


class ConsoleReply:
    """One request's answer: its progress in `view`, its files in the folder."""

    def __init__(self, screen: Screen, view: ProgressView) -> None:
        self._screen = screen
        self._view = view
        self._preview: list[Path] = []

    async def progress(self, progress: Progress) -> None:
        self._view.show(progress)

    async def preview(self, song: Song) -> None:
        self._view.clear()
        self._preview = await self._screen.preview(song)

    async def song(self, song: Song) -> None:
        self._view.clear()
        await self._screen.forget(self._preview)
        await self._screen.deliver(song)

    async def error(self, error: UserError) -> None:
        self._view.clear()
        await self._screen.forget(self._preview)
        self._screen.say(sentence(error, LOCALE))


class RehearsalReply(ConsoleReply):
    """The next daily song before its time: its files are there, but it is not yet a song to work on."""

    def __init__(self, screen: Screen, view: ProgressView, note: str) -> None:
        super().__init__(screen, view)
        self._note = note

    async def song(self, song: Song) -> None:
        self._view.clear()
        await self._screen.show(song, self._note)


class ConsoleFilesReply:
    """More files of a song, beside it in the folder."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    async def files(self, made: MadeFiles) -> None:
        await self._screen.add(made)

    async def error(self, error: UserError) -> None:
        self._screen.say(sentence(error, LOCALE))


class ConsoleMessenger:
    """Songs that come of themselves: the daily one."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    async def post_song(self, place: Place, song: Song, note: str | None, nonce: str) -> None:
        await self._screen.deliver(song, note)

    async def tell(self, person: Requester, place: Place, sentence: str) -> None:
        self._screen.say(sentence)
