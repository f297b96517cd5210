"""Row 11: the gap is not shown to whoever fills it, and the true bars are worth 100."""

from dataclasses import replace

import pytest

from inference.evaluation import gaps
from inference.evaluation.gaps import Filled, Gap, fill_gaps, gap_rows
from inference.evaluation.material import Piece
from inference.music.packed import unpack
from inference.music.score import Score
from inference.training.bands import BARS
from tests.fakes.engine import FakeEngine
from tests.fakes.scores import BAR, quartet_score
from tests.fakes.songs import CATALOGUE

METAL = CATALOGUE.find("metal")


def song(number: int) -> Score:
    """The quartet, each at another pitch, with something else in every bar."""
    score = quartet_score(BARS)
    tracks = tuple(
        replace(
            track,
            notes=tuple(
                note if track.is_drum else replace(note, pitch=note.pitch + (number + note.tick // BAR) % 7)
                for note in track.notes
            ),
        )
        for track in score.tracks
    )
    return replace(score, tracks=tracks)


PIECES = [Piece(song(number), number) for number in range(4)]


def test_what_is_in_the_gap_is_not_in_the_song_that_is_edited() -> None:
    engine = FakeEngine(free=True)
    engine.start()
    try:
        filled = fill_gaps(engine, METAL, PIECES, (CATALOGUE, 1, print))
    finally:
        engine.stop()
    assert {gap: len(some) for gap, some in filled.items()} == {Gap.INFILL: 4, Gap.CONTINUATION: 4}
    assert len(engine.submitted) == 8
    for job in engine.submitted:
        assert job.spec.edit is not None
        gap = Gap[job.id.partition("-")[0]]
        shown = {note.tick // BAR for track in unpack(job.spec.edit.source).tracks for note in track.notes}
        assert shown == set(range(BARS)) - set(gap.bars)
        assert job.spec.bars == BARS


def test_songs_with_silent_edges_are_left_out() -> None:
    score = PIECES[0].score
    late = tuple(
        replace(track, notes=tuple(note for note in track.notes if note.tick >= BAR)) for track in score.tracks
    )
    engine = FakeEngine(free=True)
    engine.start()
    try:
        filled = fill_gaps(engine, METAL, [Piece(replace(score, tracks=late), 1)], (CATALOGUE, 1, print))
    finally:
        engine.stop()
    assert [len(some) for some in filled.values()] == [0, 0]
    assert list(gap_rows(filled, 1)) == []


@pytest.mark.parametrize("gap", Gap)
def test_true_bars_beat_both_that_know_nothing(gap: Gap) -> None:
    rows = list(gap_rows({gap: [Filled(piece, piece.score) for piece in PIECES]}, seed=1))
    assert len(rows) == 6
    for own, previous, stranger in (rows[:3], rows[3:]):
        assert own.generated is not None
        assert own.generated.value == 100
        assert previous.generated is not None
        assert stranger.generated is not None
        if "note" in own.name:
            assert own.within
            assert max(previous.generated.value, stranger.generated.value) < 100


def test_silence_is_worth_nothing() -> None:
    empty = replace(PIECES[0].score, tracks=())
    rows = list(gap_rows({Gap.INFILL: [Filled(piece, empty) for piece in PIECES]}, seed=1))
    assert rows[0].generated is not None
    assert rows[0].generated.value == 0
    assert rows[0].within is False


def test_no_more_songs_are_edited_than_need_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "PIECES", 2)
    engine = FakeEngine(free=True)
    engine.start()
    try:
        filled = fill_gaps(engine, METAL, PIECES, (CATALOGUE, 1, print))
    finally:
        engine.stop()
    assert [len(some) for some in filled.values()] == [2, 2]
