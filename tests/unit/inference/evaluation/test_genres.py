"""Row 6: two genres that sound different are told apart, and a song of one is not heard as the other."""

from dataclasses import replace

import pytest

from inference.evaluation import genres
from inference.evaluation.comparison import Comparison
from inference.evaluation.genres import GenreEar, genre_rows, train_ear
from inference.evaluation.material import SPLIT, Piece
from inference.midi import write_midi
from inference.music.program import Role
from inference.music.score import Score
from inference.music.spec import Player
from inference.training.bands import BARS
from inference.training.bank import build_bank
from inference.training.corpus import Source
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import gridded, score_of

BAND = (Player(Role.DRUMS, 0), Player(Role.BASS, 34), Player(Role.RHYTHM, 30), Player(Role.LEAD, 30))


def metal(number: int) -> Score:
    score = quartet_score(BARS)
    thinned = (
        replace(track, notes=tuple(note for at, note in enumerate(track.notes) if at % (5 + number)))
        for track in score.tracks
    )
    return replace(score, tracks=tuple(thinned))


def duo(number: int) -> Score:
    return score_of(gridded(number, 400), gridded(number + 50, 400))


@pytest.fixture(scope="module")
def ear(tmp_path_factory: pytest.TempPathFactory) -> GenreEar:
    folder, sources = tmp_path_factory.mktemp("songs"), []
    for number in range(12):
        for genre, make in (("metal", metal), ("jazz", duo)):
            path = folder / f"{genre}-{number}.mid"
            path.write_bytes(write_midi(make(number)))
            sources.append(Source(path, genre, SPLIT if number < 4 else "train"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genres, "_TREES", 20)
        return train_ear([build_bank(sources)[0]], ["metal", "jazz", "polka"], 8, seed=1)


def test_only_genres_with_songs_are_known(ear: GenreEar) -> None:
    assert ear.genres == ["jazz", "metal"]
    assert set(ear.held_out) == {"jazz", "metal"}


def test_songs_are_heard_as_what_they_are(ear: GenreEar) -> None:
    band = tuple(Piece(metal(number + 20), number) for number in range(4))
    rows = list(genre_rows(Comparison(BAND, band, band, 1), "metal", ear))
    assert [row.number for row in rows] == [6, 6]
    assert [row.generated.value for row in rows if row.generated] == [100, 100]
    assert [row.within for row in rows] == [True, True]


def test_a_song_of_another_genre_fails(ear: GenreEar) -> None:
    roster = (Player(Role.KEYS, 0), Player(Role.KEYS, 0))
    jazz = tuple(Piece(duo(number + 20), number) for number in range(4))
    told = [replace(piece, score=replace(piece.score, tracks=piece.score.tracks[:2])) for piece in jazz]
    rows = list(genre_rows(Comparison(roster, jazz, tuple(told), 1), "metal", ear))
    assert rows[0].generated is not None
    assert rows[0].generated.value == 0


def test_a_genre_nobody_taught_has_no_rows(ear: GenreEar) -> None:
    assert list(genre_rows(Comparison(BAND, (), (), 1), "polka", ear)) == []
