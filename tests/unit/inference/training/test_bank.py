"""Folders of MIDI files become banks, with a reason for every file left out."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from inference.midi import write_midi
from inference.music.score import Score
from inference.tokens.encode import decode, encode
from inference.tokens.vocabulary import NONE, Step
from inference.training.bank import Bank, build_bank
from inference.training.corpus import read_folder, read_score
from inference.training.sampling import ExampleStream, Habits, to_example
from tests.fakes.scores import quartet_score, single_note_score

WINDOW = 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for genre, songs in (("metal", 3), ("jazz", 1)):
        (tmp_path / genre).mkdir()
        for number in range(songs):
            score = quartet_score(bars=10 + number, tempo=150.0 + (genre == "jazz"))
            (tmp_path / genre / f"{number}.mid").write_bytes(write_midi(score))
    (tmp_path / "metal" / "broken.mid").write_bytes(b"MThd but no more")
    (tmp_path / "metal" / "short.mid").write_bytes(write_midi(single_note_score()))
    (tmp_path / "metal" / "twin.mid").write_bytes(write_midi(quartet_score(bars=10, tempo=150.0)))
    return tmp_path


@pytest.fixture
def bank(folder: Path) -> Bank:
    return build_bank(read_folder(folder))[0]


def test_every_file_is_kept_or_counted_with_a_reason(folder: Path) -> None:
    bank, counts = build_bank(read_folder(folder))
    assert len(bank) == counts["kept"] == 3
    assert counts["unreadable"] == 1
    assert counts["fewer than 8 bars in one meter"] == 1
    assert counts["the same music as another file"] == 2
    assert sum(counts.values()) == 7
    assert set(bank.genres) == {"metal", "jazz"}


def test_symusic_and_the_tolerant_reader_agree(folder: Path) -> None:
    path = folder / "metal" / "0.mid"
    read = read_score(path)
    assert [track.notes for track in read.tracks] == [track.notes for track in quartet_score(10).tracks]


def test_a_saved_bank_gives_the_same_excerpts(bank: Bank, tmp_path: Path) -> None:
    bank.save(tmp_path / "bank.npz")
    loaded = Bank.load(tmp_path / "bank.npz")
    for song in range(len(bank)):
        assert loaded.excerpt(song, range(2, 9), (0, 2), 3) == bank.excerpt(song, range(2, 9), (0, 2), 3)


def test_an_excerpt_is_transposed_but_its_drums_are_not(bank: Bank) -> None:
    low, high = (bank.excerpt(0, range(0, 8), (0, 1), shift) for shift in (0, 4))
    assert [row[0] for row in low.rows] == [row[0] for row in high.rows]
    bass = [(a.hits[0].value, b.hits[0].value) for (_, a), (_, b) in zip(low.rows, high.rows, strict=True) if a and b]
    assert bass
    assert all(after - before == 4 for before, after in bass)
    assert high.header.key is not None
    assert low.header.key is not None
    assert (high.header.key.tonic - low.header.key.tonic) % 12 == 4


def test_examples_are_songs_with_targets_one_step_ahead(bank: Bank) -> None:
    stream = ExampleStream([bank], "train", Habits(WINDOW), ("jazz", "metal"), seed=3)
    for _, example in zip(range(20), stream.draw({"metal": 3.0}), strict=False):
        predicted = example.targets[:, 0] != NONE
        assert predicted.any()
        assert example.genres.sum() == pytest.approx(1.0)
        following = example.fields[1:][predicted[:-1]]
        assert (following == example.targets[:-1][predicted[:-1]])[:-1].all()


def test_an_example_holds_the_whole_song_when_it_fits(bank: Bank) -> None:
    song = bank.excerpt(0, range(0, 10), (0, 1), 0)
    steps = list(encode(song, random.Random(1)))
    example = to_example(song, steps, ("metal",))
    fed = [Step(*fields) for fields in example.fields[: len(steps) - 1].tolist()]
    assert decode(song.header, [*fed, steps[-1]]).rows == song.rows
    assert example.notes == sum(block.note_count for row in song.rows for block in row if block)


def test_files_at_the_top_of_a_folder_have_no_genre(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(write_midi(quartet_score(9)))
    (tmp_path / "readme.txt").write_text("no music")
    assert [source.genre for source in read_folder(tmp_path)] == [""]


def test_free_playing_is_left_out(tmp_path: Path) -> None:
    rng = random.Random(1)
    score = quartet_score(12)
    tracks = tuple(
        replace(track, notes=tuple(replace(note, tick=note.tick + rng.randint(0, 119)) for note in track.notes))
        for track in score.tracks
    )
    (tmp_path / "free.mid").write_bytes(write_midi(Score(tracks, score.tempos, score.meters)))
    assert build_bank(read_folder(tmp_path))[1]["not played on a grid"] == 1
