"""The folder of songs: readable names, nothing overwritten, a clear sentence when it cannot be written."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.console.shelf import put, stem_of
from bot.domain.errors import DeliveryFailed
from bot.domain.request import RequestId
from bot.domain.song import Song, SongFile
from inference.music.recipe import Recipe
from inference.music.spec import SamplingParams, SongSpec


def _song(title: str = "Ashes of Iron") -> Song:
    recipe = Recipe("c0ffee", SongSpec((("metal", 1.0),)), SamplingParams(7))
    files = (SongFile("a.mid", "audio/midi", b"MThd"), SongFile("a.mp3", "audio/mpeg", b"ID3"))
    return Song(RequestId("r1"), title, "metal", recipe, files, (), {})


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ashes of Iron", "ashes-of-iron"),
        ("../../etc/passwd", "etc-passwd"),
        ("Möbius & Söhne!", "mobius-sohne"),
        ("Don't Stop", "dont-stop"),
        ("死", "song"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_title_becomes_a_safe_file_name(title: str, name: str) -> None:
    assert stem_of(title) == name


def test_all_files_of_a_song_share_a_name(tmp_path: Path) -> None:
    paths = put(_song(), tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["ashes-of-iron.mid", "ashes-of-iron.mp3"]
    assert paths[0].read_bytes() == b"MThd"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ashes-of-iron.mp3").write_bytes(b"mine")
    assert [path.name for path in put(_song(), tmp_path)] == ["ashes-of-iron-2.mid", "ashes-of-iron-2.mp3"]
    assert [path.name for path in put(_song(), tmp_path)] == ["ashes-of-iron-3.mid", "ashes-of-iron-3.mp3"]
    assert (tmp_path / "ashes-of-iron.mp3").read_bytes() == b"mine"


def test_a_folder_that_is_a_file_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(DeliveryFailed) as caught:
        put(_song(), tmp_path / "out")
    assert "cannot be written to" in str(caught.value.params["reason"])


def test_a_full_disk_is_named_and_leaves_no_half_song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def full_after_one(path: Path, content: bytes) -> int:
        if path.suffix == ".mp3":
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full_after_one)
    with pytest.raises(DeliveryFailed) as caught:
        put(_song(), tmp_path)
    assert "the disk is full" in str(caught.value.params["reason"])
    assert list(tmp_path.iterdir()) == []


def test_other_files_keep_what_follows_the_songs_name(tmp_path: Path) -> None:
    more = (
        SongFile("a-stems.zip", "application/zip", b"PK", "stems"),
        SongFile("a-without-bass.mp3", "audio/mpeg", b"ID3", "minus-one"),
        SongFile("a.gp5", "application/x-guitar-pro", b"GP", "tab"),
    )
    song = replace(_song(), files=_song().files + more)
    assert [path.name for path in put(song, tmp_path)][2:] == [
        "ashes-of-iron-stems.zip",
        "ashes-of-iron-without-bass.mp3",
        "ashes-of-iron.gp5",
    ]
