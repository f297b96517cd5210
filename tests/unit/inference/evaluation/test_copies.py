"""Row 8: what stands in training songs is found, at every length, and only that."""

import pytest

from inference.evaluation.comparison import Comparison
from inference.evaluation.copies import review_rows, window_rows
from inference.evaluation.known import LEVELS, KnownWindows
from inference.evaluation.material import Piece
from inference.midi import write_midi
from inference.music.program import Role
from inference.music.score import Score
from inference.music.spec import Player
from inference.training.bank import Bank, build_bank
from inference.training.corpus import Source
from tests.fakes.tunes import gridded, index_of, later, score_of

COPIED, OWN = gridded(1, 200), gridded(900, 200)
ROSTER = (Player(Role.KEYS, 0),)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Two songs to train on and a held-out one, which nobody may look at."""
    sources = []
    for number, split in enumerate(("train", "train", "test")):
        path = tmp_path_factory.mktemp("songs") / f"{number}.mid"
        path.write_bytes(write_midi(score_of(gridded(number, 400), gridded(number + 50, 300))))
        sources.append(Source(path, "metal", split))
    return build_bank(sources)[0]


@pytest.mark.parametrize("length", [8, 20, 40, 70, 120])
def test_windows_are_found_as_far_as_a_copied_run_reaches(bank: Bank, length: int) -> None:
    start = 60
    song = score_of(later(later(OWN, COPIED[start : start + length], 7), gridded(901, 100), 11))
    known = KnownWindows.among([song], [bank])
    for level in LEVELS:
        found, counted = known.count(song, level)
        assert found == max(0, length - level.notes + 1)
        assert counted == 200 + length + 100 - level.notes + 1


def test_held_out_songs_are_no_training_songs(bank: Bank) -> None:
    song = score_of(gridded(2, 400))
    known = KnownWindows.among([song], [bank])
    assert [known.count(song, level)[0] for level in LEVELS] == [0] * len(LEVELS)


def test_a_song_without_notes_has_no_windows(bank: Bank) -> None:
    song = score_of(gridded(1, 3))
    assert KnownWindows.among([song], [bank]).count(song, LEVELS[0]) == (0, 0)


def test_copies_fail_every_row_that_strangers_pass(bank: Bank) -> None:
    strangers = tuple(Piece(score_of(gridded(800 + number, 150)), number) for number in range(6))
    copies = tuple(Piece(score_of(COPIED[number : number + 150]), number) for number in range(6))

    def verdicts(generated: tuple[Piece, ...]) -> list[bool | None]:
        pieces = Comparison(ROSTER, strangers, generated, seed=1)
        known = KnownWindows.among([piece.score for piece in pieces.everything], [bank])
        rows = [*window_rows(pieces, known), *review_rows(pieces, index_of(gridded(1, 400)))]
        return [row.within for row in rows if "two players" not in row.name]

    assert set(verdicts(strangers)) == {True}
    assert set(verdicts(copies)) == {False}


def test_songs_too_short_for_a_window_leave_it_undefined(bank: Bank) -> None:
    short = (Piece(Score(score_of(gridded(1, 12)).tracks), 0),)
    rows = list(window_rows(Comparison(ROSTER, short, short, 1), KnownWindows.among([short[0].score], [bank])))
    assert [row.real is None for row in rows] == [False, True, True, True, True]
    assert rows[-1].within is None


def test_a_genre_without_real_songs_has_only_generated_figures(bank: Bank) -> None:
    pieces = Comparison(ROSTER, (), (Piece(score_of(gridded(1, 200)), 0),), seed=1)
    rows = list(window_rows(pieces, KnownWindows.among([piece.score for piece in pieces.everything], [bank])))
    assert {(row.real, row.within) for row in rows} == {(None, None)}
    assert all(row.generated is not None for row in rows)
