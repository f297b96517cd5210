"""The folder that songs go to; nothing in it is ever overwritten."""

import errno
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from bot.domain.errors import DeliveryFailed
from bot.domain.files import MadeFiles
from bot.domain.song import Song, SongFile
from inference.music.text import slug


def stem_of(title: str) -> str:
    """A file name for a title; `song` when nothing of it is left."""
    return slug(title) or "song"


def put(song: Song, folder: Path) -> list[Path]:
    """Writes the song's files as `<slug>.<extension>`, with -2, -3 ... before the extension where one is taken.

    Other files than the usual ones keep what follows the song's name, as in `<slug>-stems.zip`.

    Raises:
        DeliveryFailed: the folder cannot be written to; `reason` says why. No half song is left behind.
    """
    stem = next((file.name.rpartition(".")[0] for file in song.files if file.format), stem_of(song.title))
    return put_files([(_after(stem, file), file.content) for file in song.files], stem_of(song.title), folder)


def put_more(made: MadeFiles, folder: Path) -> list[Path]:
    """Writes more files of a song as `<slug>-stems.zip` and the like. Raises DeliveryFailed."""
    stem = stem_of(made.title)
    return put_files([(_after(stem, file), file.content) for file in made.files], stem, folder)


def put_files(files: Sequence[tuple[str, bytes]], stem: str, folder: Path) -> list[Path]:
    """Writes files of (what follows the stem, content) under a stem that is free for all of them.

    Raises:
        DeliveryFailed: the folder cannot be written to; `reason` says why. None of them is left behind.
    """
    written: list[Path] = []
    open_shelf(folder)
    try:
        free = _free_stem(stem, [rest for rest, _ in files], folder)
        for rest, content in files:
            path = folder / f"{free}{rest}"
            written.append(path)
            path.write_bytes(content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise _failure(folder, error) from error
    return written


def _after(stem: str, file: SongFile) -> str:
    if file.format is not None:
        return f".{file.format.value}"
    return file.name.removeprefix(stem) if file.name.startswith(stem) else f"-{file.name}"


def open_shelf(folder: Path) -> None:
    """Makes the folder and sees whether it can be written to. Raises DeliveryFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _failure(folder, error) from error


def _failure(folder: Path, error: OSError) -> DeliveryFailed:
    reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
    return DeliveryFailed(reason=f"{folder} cannot be written to: {reason}")


def _free_stem(stem: str, rests: list[str], folder: Path) -> str:
    candidates = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(
        candidate for candidate in candidates if not any((folder / f"{candidate}{rest}").exists() for rest in rests)
    )
