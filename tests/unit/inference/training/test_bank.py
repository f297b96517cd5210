"""Folders of MIDI files become banks, with a reason for every file left out."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.midi import write_midi
from inference.model.example import to_example
from inference.music.score import Meter, MeterChange, Score
from inference.tokens.encode import decode, encode
from inference.tokens.vocabulary import NONE, Step
from inference.training.bank import Bank, build_bank
from inference.training.corpus import ON_GRID, Source, read_folder, read_score
from inference.training.sampling import ExampleStream, Habits
from tests.fakes.scores import quartet_score, retuned, single_note_score

WINDOW = 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for genre, songs in (("metal", 3), ("jazz", 1)):
        (tmp_path / genre).mkdir()
        for number in range(songs):
            score = retuned(quartet_score(bars=10 + number, tempo=150.0 + (genre == "jazz")), number)
            (tmp_path / genre / f"{number}.mid").write_bytes(write_midi(score))
    (tmp_path / "metal" / "broken.mid").write_bytes(b"MThd but no more")
    (tmp_path / "metal" / "short.mid").write_bytes(write_midi(single_note_score()))
    (tmp_path / "metal" / "twin.mid").write_bytes(write_midi(retuned(quartet_score(bars=10, tempo=150.0), 0)))
    return tmp_path


@pytest.fixture
def bank(folder: Path) -> Bank:
    return build_bank(read_folder(folder))[0]


def test_every_file_is_kept_or_counted_with_a_reason(folder: Path) -> None:
    bank, counts, _ = build_bank(read_folder(folder))
    assert len(bank) == counts["kept"] == 3
    assert counts["unreadable"] == 1
    assert counts["fewer than 8 bars in one meter"] == 1
    assert counts["the same music as another file"] == 2
    assert sum(counts.values()) == 7
    assert set(bank.genres) == {"metal", "jazz"}


def test_symusic_and_the_tolerant_reader_agree(folder: Path) -> None:
    path = folder / "metal" / "0.mid"
    read = read_score(path)
    assert [track.notes for track in read.tracks] == [track.notes for track in retuned(quartet_score(10), 0).tracks]


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
    assert build_bank(read_folder(tmp_path))[1]["played without a beat that can be found"] == 1


def test_a_version_of_a_held_out_song_is_not_trained_on(tmp_path: Path) -> None:
    long, short, other = (tmp_path / f"{name}.mid" for name in ("long", "short", "other"))
    long.write_bytes(write_midi(quartet_score(40)))
    short.write_bytes(write_midi(quartet_score(30, tempo=155.0)))
    other.write_bytes(write_midi(retuned(quartet_score(40), 7)))
    sources = [Source(long, "metal", "train"), Source(short, "metal", "valid"), Source(other, "metal", "train")]
    bank, counts, _ = build_bank(sources)
    assert counts == {"kept": 2, "a version of a song that is kept": 1}
    assert [len(bank.by_split[split]) for split in ("train", "valid", "test")] == [1, 1, 0]


def test_of_two_versions_to_train_on_the_longer_is_kept(tmp_path: Path) -> None:
    for name, bars in (("a", 20), ("b", 40), ("c", 30)):
        (tmp_path / f"{name}.mid").write_bytes(write_midi(quartet_score(bars)))
    bank = build_bank(read_folder(tmp_path)).bank
    assert [bank.bar_count(song) for song in range(len(bank))] == [40]


def test_loose_playing_is_put_on_the_grid_and_counted(tmp_path: Path) -> None:
    rng = random.Random(1)
    score = quartet_score(20)
    tracks = tuple(
        replace(
            track,
            notes=tuple(
                sorted(replace(note, tick=max(0, note.tick + round(rng.gauss(0, 12)))) for note in track.notes)
            ),
        )
        for track in score.tracks
    )
    (tmp_path / "loose.mid").write_bytes(write_midi(replace(score, tracks=tracks)))
    bank, counts, mended = build_bank(read_folder(tmp_path))
    assert counts == {"kept": 1}
    assert mended == {ON_GRID: 1}
    onsets = {
        at
        for row in bank.excerpt(0, range(2, 6), (0, 1, 2, 3), 0).rows
        for block in row
        if block
        for at in block.onsets
    }
    assert all(at % 6 == 0 for at in onsets)


def test_a_waltz_keeps_its_meter_in_the_bank(tmp_path: Path) -> None:
    score = replace(quartet_score(12), meters=(MeterChange(0, Meter(3, 4)),))
    (tmp_path / "waltz.mid").write_bytes(write_midi(score))
    build_bank(read_folder(tmp_path)).bank.save(tmp_path / "bank.npz")
    bank = Bank.load(tmp_path / "bank.npz")
    assert bank.meter(0) == Meter(3, 4)
    song = bank.excerpt(0, range(4), (0,), 0)
    assert song.header.meter == Meter(3, 4)
    assert all(hit.position < 72 for row in song.rows for block in row if block for hit in block.hits)


def test_a_bank_from_before_meters_is_in_common_time(bank: Bank, tmp_path: Path) -> None:
    songs = bank.songs.copy()
    songs[:, 2] = 16
    arrays = {name: getattr(bank, name) for name in ("hits", "blocks", "rows", "players")}
    np.savez_compressed(tmp_path / "old.npz", genres=np.array(bank.genres), songs=songs, **arrays)
    old = Bank.load(tmp_path / "old.npz")
    assert old.excerpt(0, range(4), (0, 1), 0) == bank.excerpt(0, range(4), (0, 1), 0)


def test_a_bank_of_the_future_is_refused(bank: Bank, tmp_path: Path) -> None:
    bank.save(tmp_path / "bank.npz")
    with np.load(tmp_path / "bank.npz") as arrays:
        np.savez_compressed(tmp_path / "new.npz", **(dict(arrays) | {"version": np.array(99)}))
    with pytest.raises(ValueError, match="99"):
        Bank.load(tmp_path / "new.npz")
