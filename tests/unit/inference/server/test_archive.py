"""What stays on disk, and what is found again."""

import errno
import shutil
from pathlib import Path

import pytest

from inference.api import SongFile, SongState, SongStatus
from inference.server.archive import Archive, Record


def record(state: SongState, *names: str) -> Record:
    files = [SongFile(name=name, media_type="audio/midi", size_bytes=1, url="") for name in names]
    finished_at = 1.0 if state.is_final else None
    return Record(status=SongStatus(id="song", state=state, files=files), fingerprint="f", finished_at=finished_at)


def finished_song(archive: Archive, folder: str) -> Record:
    path = archive.open(folder, record(SongState.COMPOSING))
    (path / "a.mid").write_bytes(b"x")
    done = record(SongState.DONE, "a.mid")
    archive.keep(folder, done)
    return done


def test_finished_songs_are_found_again(tmp_path: Path) -> None:
    done = finished_song(Archive(tmp_path), "song")

    assert Archive(tmp_path).restore() == {"song": done}


def test_half_made_songs_are_removed(tmp_path: Path) -> None:
    Archive(tmp_path).open("song", record(SongState.COMPOSING))

    assert Archive(tmp_path).restore() == {}
    assert not (tmp_path / "song").exists()


def test_a_finished_song_that_lost_a_file_is_removed(tmp_path: Path) -> None:
    finished_song(Archive(tmp_path), "song")
    (tmp_path / "song" / "a.mid").unlink()

    assert Archive(tmp_path).restore() == {}
    assert not (tmp_path / "song").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"status": 1}'])
def test_a_record_that_is_not_ours_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "record.json").write_bytes(content)

    assert Archive(tmp_path).restore() == {}
    assert (tmp_path / "stranger" / "record.json").read_bytes() == content


def test_only_folders_of_songs_are_removed(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    finished_song(archive, "song")
    (tmp_path / "mine").mkdir()
    for folder in ("song", "mine", "gone"):
        archive.remove(folder)

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_second_attempt_starts_in_an_empty_folder(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    finished_song(archive, "song")

    assert [path.name for path in archive.open("song", record(SongState.COMPOSING)).iterdir()] == ["record.json"]


@pytest.mark.parametrize("leftover", [(), ("record.new",)])
def test_a_folder_that_a_crash_left_without_a_record_is_in_nobodys_way(
    tmp_path: Path, leftover: tuple[str, ...]
) -> None:
    (tmp_path / "song").mkdir()
    for name in leftover:
        (tmp_path / "song" / name).write_bytes(b"{")

    path = Archive(tmp_path).open("song", record(SongState.COMPOSING))
    assert [file.name for file in path.iterdir()] == ["record.json"]


def test_a_full_disk_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Archive, _folder: str, _record: Record) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Archive, "keep", full)
    with pytest.raises(OSError, match="full"):
        Archive(tmp_path).open("song", record(SongState.COMPOSING))
    assert not (tmp_path / "song").exists()


def test_a_crash_while_a_song_is_removed_leaves_nothing_in_the_next_ones_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    finished_song(archive, "song")

    def crash(path: Path, **_how: bool) -> None:
        (path / "record.json").unlink(missing_ok=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, **how: crash(path) if path.exists() else None)
        with pytest.raises(KeyboardInterrupt):
            archive.remove("song")

    after = Archive(tmp_path)
    assert after.restore() == {}
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    after.open("song", record(SongState.COMPOSING))
