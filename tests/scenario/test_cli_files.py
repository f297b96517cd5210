"""Files beyond the usual ones: `lnh compose --files` and `lnh render`."""

import json
from pathlib import Path

import guitarpro
import mutagen.flac
import mutagen.mp3
import pypdf
import pytest

from inference.api import ExtraFile
from inference.midi import write_midi
from tests.fakes.command_line import Lnh
from tests.fakes.scores import quartet_score, single_note_score
from tests.fakes.service import Service


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "My Riff.mid"
    path.write_bytes(write_midi(quartet_score(2)))
    return path


def test_a_song_comes_with_the_files_that_were_asked_for(lnh: Lnh, service: Service) -> None:
    service.renderer.cannot_make = {ExtraFile.VIDEO: "a video needs the package av"}
    answer = json.loads(lnh("compose", "metal", "--files", "tab,stems,video", "--json").out)
    assert list(answer["files"]) == ["mid", "mp3", "png"]
    assert list(answer["extras"]) == ["tab", "stems"]
    assert all(Path(path).is_file() for paths in answer["extras"].values() for path in paths)
    assert answer["left_out"] == {"video": "a video needs the package av"}
    assert service.renderer.jobs[-1].max_file_bytes == 4096 * 2**20


def test_people_are_told_what_could_not_be_made(lnh: Lnh, service: Service) -> None:
    service.renderer.cannot_make = {ExtraFile.VIDEO: "a video needs the package av"}
    assert "No video: a video needs the package av." in lnh("compose", "metal", "--files", "video").out


def test_an_unknown_file_is_told_what_there_is(lnh: Lnh) -> None:
    assert lnh("compose", "metal", "--files", "gold").status == 1
    assert "a file is one of flac, ogg, stems" in lnh.err.lower()


def test_any_midi_file_is_rendered_as_sound_score_and_tab(lnh: Lnh, song: Path) -> None:
    lnh("render", str(song), "--files", "mp3,flac,score,tab,chords", "--genre", "metal", "--out", "made", "--json")
    assert lnh.status == 0, lnh.err
    answer = json.loads(lnh.out)
    assert answer["left_out"] == {}
    names = [Path(path).name for paths in answer["files"].values() for path in paths]
    assert names == [
        "my-riff.mp3",
        "my-riff.flac",
        "my-riff-score.pdf",
        "my-riff.gp5",
        "my-riff-chords.png",
        "my-riff-chords.txt",
    ]
    made = Path("made")
    assert mutagen.mp3.MP3(made / "my-riff.mp3").info.bitrate == 192_000
    assert mutagen.flac.FLAC(made / "my-riff.flac").tags["genre"] == ["Metal"]
    assert "My Riff" in pypdf.PdfReader(made / "my-riff-score.pdf").pages[0].extract_text()
    assert guitarpro.parse(str(made / "my-riff.gp5")).title == "My Riff"


def test_nothing_is_overwritten(lnh: Lnh, song: Path) -> None:
    for name in ("my-riff.gp5", "my-riff-2.gp5"):
        assert lnh("render", str(song), "--files", "tab", "--out", "made").out == f"made/{name}\n"


def test_a_limit_steps_the_sound_down_and_is_said_where_it_cannot_be_met(lnh: Lnh, song: Path) -> None:
    lnh("render", str(song), "--files", "mp3,flac", "--max-mib", "0.1", "--out", "made")
    assert lnh.status == 0
    assert "No flac: the FLAC would have" in lnh.out
    assert Path("made/my-riff.mp3").stat().st_size < 0.1 * 2**20


def test_when_none_can_be_made_the_status_says_so(lnh: Lnh, tmp_path: Path) -> None:
    path = tmp_path / "one.mid"
    path.write_bytes(write_midi(single_note_score()))
    assert lnh("render", str(path), "--files", "tab").status == 1
    assert "no guitar, bass or drum part" in lnh.out
    assert "none of the files could be made" in lnh.err.lower()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gone.mid"], "gone.mid cannot be read"),
        (["My Riff.mid", "--files", "gold"], "a file is one of mid, mp3, png, flac"),
        (["My Riff.mid", "--genre", "meta"], "did you mean metal"),
        (["notes.txt"], "not a midi file"),
    ],
)
def test_trouble_is_one_sentence(lnh: Lnh, song: Path, words: list[str], sentence: str) -> None:
    (song.parent / "notes.txt").write_text("do re mi")
    assert lnh("render", *words).status == 1
    assert sentence in lnh.err.lower()
    assert lnh.err.count("\n") == 1
