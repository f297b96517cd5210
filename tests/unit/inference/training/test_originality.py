"""What training songs share with a new one is found, through banks and files as in life."""

from pathlib import Path

import pytest

from inference.midi import write_midi
from inference.music.score import Score
from inference.originality.index import OriginalityIndex
from inference.originality.lookup import look_up, melody_of
from inference.originality.ngrams import LEVELS
from inference.tokens.perform import perform
from inference.training.bank import Bank, build_bank
from inference.training.corpus import Source
from inference.training.originality import make_index, training_melodies
from inference.training.trouble import CannotTrain
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import score_of, tune


@pytest.fixture
def songs(tmp_path: Path) -> list[Source]:
    sources = []
    for number, split in enumerate(("train", "test", "train")):
        band, solo = quartet_score(bars=16), score_of(tune(number, 200), tune(number + 50, 100))
        path = tmp_path / f"{number}.mid"
        path.write_bytes(write_midi(Score(band.tracks + solo.tracks, band.tempos, band.meters)))
        sources.append(Source(path, "metal", split))
    return sources


@pytest.fixture
def bank_file(songs: list[Source], tmp_path: Path) -> Path:
    build_bank(songs)[0].save(tmp_path / "bank.npz")
    return tmp_path / "bank.npz"


def test_a_bank_gives_the_melodies_that_its_songs_play(bank_file: Path) -> None:
    bank = Bank.load(bank_file)
    for song, melodies in training_melodies(bank):
        slots = tuple(range(len(bank.roster(song))))
        played = perform(bank.excerpt(song, range(bank.bar_count(song)), slots, 0))
        heard = [melody_of(track) for track in played.tracks if not track.is_drum]
        assert len(heard) == len(melodies)
        for one, other in zip(heard, melodies, strict=True):
            assert (one.onsets == other.onsets).all()
            for level in LEVELS:
                assert (one.windows(level).keys == other.windows(level).keys).all()


def test_only_training_songs_are_indexed(bank_file: Path, tmp_path: Path) -> None:
    told: list[str] = []
    index = make_index([bank_file], tmp_path / "index", told.append)
    assert index.songs == 2
    assert told == ["2 songs, 0.0 MB"]
    loaded = OriginalityIndex.load(tmp_path / "index")
    trained, tested = (look_up(loaded, score_of(tune(number, 200))) for number in (2, 1))
    assert trained.longest_run == 200
    assert not trained.is_free
    assert tested.is_free
    assert not list(tmp_path.glob("*.partial"))


def test_a_missing_bank_gets_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotTrain, match=r"there is no bank at .*none\.npz"):
        make_index([tmp_path / "none.npz"], tmp_path / "index", print)


def test_a_bank_without_training_songs_gets_one_sentence(songs: list[Source], tmp_path: Path) -> None:
    build_bank([songs[1]])[0].save(tmp_path / "bank.npz")
    with pytest.raises(CannotTrain, match="hold no song to train on"):
        make_index([tmp_path / "bank.npz"], tmp_path / "index", print)
