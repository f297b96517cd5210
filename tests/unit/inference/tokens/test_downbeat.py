"""Bar lines move to the down-beats only where drums, bass and long notes agree."""

from dataclasses import replace

import pytest

from inference.music.score import Meter, MeterChange, Note, Score, Track
from inference.music.units import PPQ
from inference.tokens.downbeat import late_beats, moved

BARS = 24


def _band(late: int = 0, *, meters: tuple[MeterChange, ...] = (MeterChange(0, Meter()),)) -> Score:
    """Kick on one and three, snare on two and four, a crash and a long chord every bar, all `late` beats late."""
    start = [bar * 4 * PPQ + late * PPQ for bar in range(BARS)]
    drums = [Note(at + beat * PPQ, 36 if beat % 2 == 0 else 38, 60, 90) for at in start for beat in range(4)]
    crash = [Note(at, 49, 60, 110) for at in start]
    bass = [Note(at, 30 + bar % 5, 3 * PPQ, 90) for bar, at in enumerate(start)]
    chords = [Note(at, 60 + bar % 5, 4 * PPQ, 90) for bar, at in enumerate(start)]
    return Score(
        (
            Track("Drums", 0, True, tuple(sorted(drums + crash))),
            Track("Bass", 33, False, tuple(bass)),
            Track("Organ", 18, False, tuple(chords)),
        ),
        meters=meters,
    )


@pytest.mark.parametrize("late", [0, 1, 2, 3])
def test_a_band_that_comes_late_is_heard_as_late(late: int) -> None:
    assert late_beats(_band(late)) == late


def test_a_moved_score_has_its_bars_on_the_down_beats() -> None:
    score = moved(_band(3), 3)
    assert late_beats(score) == 0
    assert {note.tick % (4 * PPQ) for note in score.tracks[1].notes} == {0}


def test_drums_that_only_disagree_move_nothing() -> None:
    score = _band(0)
    turned = tuple(
        replace(track, notes=tuple(replace(note, tick=note.tick + PPQ) for note in track.notes))
        if track.is_drum
        else track
        for track in score.tracks
    )
    assert late_beats(replace(score, tracks=turned)) == 0


def test_a_score_that_changes_its_meter_is_believed() -> None:
    waltz = MeterChange(8 * 4 * PPQ, Meter(3, 4))
    assert late_beats(_band(1, meters=(MeterChange(0, Meter()), waltz))) == 0


def test_a_single_player_moves_nothing() -> None:
    score = _band(1)
    assert late_beats(replace(score, tracks=score.tracks[1:2])) == 0


def test_a_score_without_notes_is_in_time() -> None:
    assert late_beats(Score(())) == 0
