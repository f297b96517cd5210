"""Finished songs on disk: one folder a song, found again after a restart. Every method blocks."""

import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from inference.api import SongState, SongStatus

_RECORD = "record.json"


class Record(BaseModel):
    """What is known of a song besides its files. `finished_at` is in Unix seconds, None while it is being made."""

    model_config = ConfigDict(frozen=True)

    status: SongStatus
    fingerprint: str
    finished_at: float | None = None


class Archive:
    """The folder of all songs. It touches only folders that carry its own record, so it may be shared."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def restore(self) -> dict[str, Record]:
        """Makes the root; folder name -> record of each finished song. What a crash left half-made is removed.

        Raises:
            OSError: the root cannot be made or read.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        finished = {}
        for path in self._root.glob(f"*/{_RECORD}"):
            record = _read(path)
            if record is not None and self._is_whole(path.parent, record):
                finished[path.parent.name] = record
            elif record is not None:
                shutil.rmtree(path.parent, ignore_errors=True)
        return finished

    def open(self, folder: str, record: Record) -> Path:
        """A fresh folder that carries `record`. Raises OSError, also when a stranger's folder is in the way."""
        path = self._root / folder
        if (path / _RECORD).exists():
            shutil.rmtree(path)
        path.mkdir(parents=True)
        self.keep(folder, record)
        return path

    def keep(self, folder: str, record: Record) -> None:
        """Replaces the record in one step, so that a crash leaves the old or the new one. Raises OSError."""
        path = self._root / folder / _RECORD
        draft = path.with_suffix(".new")
        draft.write_text(record.model_dump_json(), encoding="utf-8")
        draft.replace(path)

    def remove(self, folder: str) -> None:
        """Forgets a song; a folder that is gone already is fine."""
        if (self._root / folder / _RECORD).exists():
            shutil.rmtree(self._root / folder, ignore_errors=True)

    def file(self, folder: str, name: str) -> Path:
        return self._root / folder / name

    def _is_whole(self, folder: Path, record: Record) -> bool:
        done = record.finished_at is not None and record.status.state is SongState.DONE
        return done and all((folder / file.name).is_file() for file in record.status.files)


def _read(path: Path) -> Record | None:
    """The record, or None if the file is not one of ours."""
    try:
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
