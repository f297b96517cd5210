"""Rows and their verdicts, on bands that are alike and on one that is broken."""

from dataclasses import replace

import pytest

from inference.evaluation import estimate, halves
from inference.evaluation.comparison import Comparison
from inference.evaluation.material import Piece
from inference.evaluation.report import Row
from inference.evaluation.rows import ROWS, degeneration_rows, overlap_rows, section, structure_rows
from inference.midi import write_midi
from inference.music.measure import estimate_key, measure_density
from inference.music.program import Role
from inference.music.score import Meter, Note, Score
from inference.music.spec import Player, SongSpec
from inference.training.bands import BARS
from tests.fakes.scores import BAR, quartet_score

ROSTER = (Player(Role.DRUMS, 0), Player(Role.BASS, 34), Player(Role.RHYTHM, 30), Player(Role.LEAD, 30))


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdicts here do not hang on the width of intervals."""
    monkeypatch.setattr(estimate, "RESAMPLES", 50)
    monkeypatch.setattr(halves, "REPEATS", 30)


def _piece(number: int) -> Piece:
    """The quartet, transposed and with some hits left out, so that no two are alike."""
    score = quartet_score(BARS)
    tracks = tuple(
        replace(
            track,
            notes=tuple(
                note if track.is_drum else replace(note, pitch=note.pitch + number % 4)
                for place, note in enumerate(track.notes)
                if place % (5 + number) or note.tick >= (BARS - 1) * BAR
            ),
        )
        for track in score.tracks
    )
    score = replace(score, tracks=tracks)
    key, genres = estimate_key(score), (("metal", 1.0),)
    spec = SongSpec(genres, BARS, key, 160.0, Meter(), ROSTER, measure_density(score))
    return Piece(score, number, spec, write_midi(score))


PIECES = tuple(_piece(number) for number in range(10))
ALIKE = Comparison(ROSTER, PIECES, PIECES, seed=1)


def _stuck(piece: Piece) -> Piece:
    """The same, but the bass hangs on one note and everybody else is silent."""
    silent = [replace(track, notes=()) for track in piece.score.tracks]
    silent[1] = replace(silent[1], notes=tuple(Note(bar * BAR, 28, BAR, 90) for bar in range(BARS // 2)))
    score: Score = replace(piece.score, tracks=tuple(silent))
    return replace(piece, score=score, file=write_midi(score))


BROKEN = replace(ALIKE, generated=tuple(_stuck(piece) for piece in PIECES))


def _verdicts(rows: list[Row]) -> dict[str, bool | None]:
    return {row.name: row.within for row in rows}


def test_songs_that_are_the_real_ones_meet_every_target() -> None:
    found = section("Metal", [], ALIKE)
    assert {row.number for row in found.rows} == {2, 3, 4, 5, 7, 9, 10}
    # Halves of the same songs come out alike, but which is a hair better is chance.
    missed = [row.name for row in found.rows if row.within is False and not row.name.startswith("structure error")]
    assert missed == []
    assert (found.real_excerpts, found.real_songs, found.generated_songs) == (10, 10, 10)


def test_a_broken_band_is_found_out() -> None:
    verdicts = _verdicts([row for make in ROWS for row in make(BROKEN)])
    for name in (
        "pitch class entropy, bits",
        "structure error SE, %",
        "overlap area, density",
        "roster as asked, %",
        "bars as asked, %",
        "empty bars, %, p99",
        "longest run of equal bars, p99",
        "silent tracks a song",
    ):
        assert verdicts[name] is False, name
    assert verdicts["no overlapping notes, %"] is True
    assert verdicts["kick and bass onset F1 − shuffled"] is None


def test_distances_between_sets_need_enough_songs() -> None:
    few = replace(ALIKE, real=PIECES[:7])
    assert list(overlap_rows(few)) == []
    assert [row.name for row in structure_rows(few)] == ["L1, %", "L2, %", "L4, %", "L8, %"]


def test_the_limits_of_a_bar_are_those_of_real_songs() -> None:
    inside = next(row for row in degeneration_rows(BROKEN) if "real p1–p99" in row.name)
    assert inside.real is not None
    assert inside.real.value >= 98
    assert inside.generated is not None
    assert inside.generated.value == 0


def test_a_band_without_drums_has_no_kick() -> None:
    duo = Comparison(
        ROSTER[1:3],
        *(tuple(replace(piece, score=replace(piece.score, tracks=piece.score.tracks[1:3])) for piece in PIECES),) * 2,
        seed=1,
    )
    names = {row.name for make in ROWS for row in make(duo)}
    assert "guitar and bass in unison, %" in names
    assert not any(name.startswith("kick") for name in names)
