"""Songs on disk, accepted or finished: one folder a song, found again after a restart. Every method blocks."""

import os
import shutil
import threading
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from inference.api import SongBody, SongState, SongStatus

_RECORD = "record.json"
_DRAFT = "record.new"
_REMOVED = ".removed-"
_LOCK = ".lock"
_LOCK_WAIT_S = 3.0  # for a service that is just ending


class ArchiveInUse(Exception):
    """Another service works in the folder; `str(error)` is one sentence."""


class Record(BaseModel):
    """What is known of a song besides its files.

    Args:
        status: the last that was written down.
        fingerprint: equal for bodies that ask for the same song.
        accepted_at: in Unix seconds.
        finished_at: in Unix seconds, None while it is being made.
        body: what was asked, with the seed; None when it is finished.
        tries: how often a service began to compose it.
    """

    model_config = ConfigDict(frozen=True)

    status: SongStatus
    fingerprint: str
    accepted_at: float = 0.0
    finished_at: float | None = None
    body: SongBody | None = None
    tries: int = 0

    @property
    def is_owed(self) -> bool:
        """Whether the song was accepted and has not ended."""
        return self.finished_at is None and self.body is not None


class Archive:
    """The folder of all songs. It touches only folders that carry its own record, so other things may live there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._writing = threading.Lock()
        self._lock = FileLock(root / _LOCK, timeout=_LOCK_WAIT_S, thread_local=False)

    def restore(self) -> dict[str, Record]:
        """Makes the root and locks it; folder name -> record of each song that is finished or owed.

        What a crash left half-made besides is removed.

        Raises:
            ArchiveInUse: another service has the folder; two would take each other's songs away.
            OSError: the root cannot be made or read.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise ArchiveInUse(
                f"another service keeps its songs in {self._root}; give this one a folder of its own"
                " (LNH_INFERENCE_ARTIFACTS)"
            ) from None
        for path in self._root.glob(f"{_REMOVED}*"):
            shutil.rmtree(path, ignore_errors=True)
        known = {}
        for path in self._root.glob(f"*/{_RECORD}"):
            record = _read(path)
            if record is None:
                continue
            if record.is_owed or self._is_whole(path.parent, record):
                known[path.parent.name] = record
            else:
                self._throw_away(path.parent)
        return known

    def close(self) -> None:
        """Lets another service have the folder."""
        self._lock.release()

    def open(self, folder: str, record: Record) -> Path:
        """A fresh folder that carries `record`, and does so after a power cut too.

        Raises:
            OSError: also when a stranger's folder is in the way.
        """
        path = self._root / folder
        if (path / _RECORD).exists() or _is_hardly_begun(path):
            self._throw_away(path)
        path.mkdir(parents=True)
        try:
            self.keep(folder, record)
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise
        _sync(path)
        _sync(self._root)
        return path

    def keep(self, folder: str, record: Record) -> None:
        """Replaces the record in one step, so that a crash leaves the old or the new one. Raises OSError."""
        path = self._root / folder / _RECORD
        draft = path.with_name(_DRAFT)
        with self._writing:  # a song that is put off while it takes its slot is written twice
            with draft.open("w", encoding="utf-8") as file:
                file.write(record.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)

    def folder(self, folder: str) -> Path:
        return self._root / folder

    def remove(self, folder: str) -> None:
        """Forgets a song; a folder that is gone already is fine."""
        path = self._root / folder
        if (path / _RECORD).exists():
            self._throw_away(path)

    def _throw_away(self, path: Path) -> None:
        """In one step as far as a crash is concerned: half a song without its record would be in the next one's way.

        Raises:
            OSError: it cannot be moved out of the way.
        """
        away = self._root / f"{_REMOVED}{path.name}"
        shutil.rmtree(away, ignore_errors=True)
        try:
            path.rename(away)
        except FileNotFoundError:  # somebody else was quicker
            return
        shutil.rmtree(away, ignore_errors=True)

    def file(self, folder: str, name: str) -> Path:
        return self._root / folder / name

    def _is_whole(self, folder: Path, record: Record) -> bool:
        done = record.finished_at is not None and record.status.state is SongState.DONE
        return done and all((folder / file.name).is_file() for file in record.status.files)


def _is_hardly_begun(folder: Path) -> bool:
    """Whether a crash came between a song's folder and its first record."""
    return folder.is_dir() and all(path.name == _DRAFT for path in folder.iterdir())


def _sync(folder: Path) -> None:
    """Makes new names in a folder last; Windows neither can nor needs to."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Record | None:
    """The record, or None if the file is not one of ours."""
    try:
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
