"""What a folder of MIDI files is taken for: genres and splits from its manifest or its folders."""

import gzip
from pathlib import Path

import pytest

from inference.midi import write_midi
from inference.training.bank import build_bank
from inference.training.corpus import Source, read_folder, read_manifest
from inference.training.start import folder_sources, make_bank
from inference.training.summary import summarise
from inference.training.trouble import CannotTrain
from tests.fakes.scores import quartet_score, retuned


def _manifest(folder: Path, text: str, name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.csv.gz"])
def test_a_manifest_in_the_folder_says_genre_and_split(tmp_path: Path, name: str) -> None:
    _manifest(tmp_path, "file,genre,split\na.mid,metal,train\nsub/b.mid,jazz,test\n", name)
    assert read_folder(tmp_path) == [
        Source(tmp_path / "a.mid", "metal", "train"),
        Source(tmp_path / "sub" / "b.mid", "jazz", "test"),
    ]


def test_some_genres_of_a_manifest_can_be_chosen(tmp_path: Path) -> None:
    manifest = _manifest(tmp_path, "file,genre,split\na.mid,metal,train\nb.mid,jazz,test\n")
    assert [source.genre for source in read_manifest(manifest, tmp_path, ("jazz",))] == ["jazz"]


def test_a_manifest_of_files_alone_sets_some_aside_for_validation(tmp_path: Path) -> None:
    _manifest(tmp_path, "file\n" + "".join(f"{number}.mid\n" for number in range(40)))
    sources = read_folder(tmp_path)
    assert [number for number, source in enumerate(sources) if source.split == "valid"] == [7, 27]
    assert {source.genre for source in sources} == {""}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,genre\na.mid,metal\n", "line 2 names no file"),
        ("file,split\na.mid,train\nb.mid,later\n", "line 3 has the split “later”"),
        ("file\n\0" + "x" * 200_000, "cannot be read"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    _manifest(tmp_path, text)
    with pytest.raises(CannotTrain, match=reason):
        folder_sources(tmp_path)


def test_a_manifest_that_is_not_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv.gz").write_bytes(b"file\n")
    with pytest.raises(CannotTrain, match=r"manifest .* cannot be read"):
        folder_sources(tmp_path)


def test_a_file_of_the_manifest_that_is_missing_is_counted(tmp_path: Path) -> None:
    _manifest(tmp_path, "file\ngone.mid\n")
    assert build_bank(read_folder(tmp_path)).counts == {"cannot be opened": 1}


def test_what_was_kept_is_told_by_genre_split_and_meter(tmp_path: Path) -> None:
    for genre, count in (("metal", 2), ("jazz", 1)):
        (tmp_path / genre).mkdir()
        for number in range(count):
            song = retuned(quartet_score(10), number + 10 * count)
            (tmp_path / genre / f"{number}.mid").write_bytes(write_midi(song))
    told: list[str] = []
    bank = make_bank(read_folder(tmp_path), tmp_path, tmp_path / "bank.npz", 1, told.append)
    assert told[0].split() == ["3", "kept"]
    assert told[-4:] == list(summarise(bank))
    assert told[-3].split() == ["metal", "2", "0", "0", "20", "4/4", "2"]
    assert told[-1].split() == ["all", "genres", "3", "0", "0", "30", "4/4", "3"]
