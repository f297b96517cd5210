"""Scores to arrangements and back."""

import pytest
from hypothesis import given, settings

from inference.midi import read_midi, write_midi
from inference.music.errors import BadMidi
from inference.music.program import Role
from inference.music.score import Meter, MeterChange, Note, Score, Track
from inference.music.units import PPQ, TICKS_PER_GRID
from inference.tokens.arrange import arrange
from inference.tokens.arrangement import Arrangement
from inference.tokens.perform import perform
from tests.fakes.scores import quartet_score
from tests.unit.inference.tokens.songs import arrangements


@given(arrangements())
@settings(max_examples=40, deadline=None)
def test_a_performed_song_has_no_overlapping_or_stuck_notes(song: Arrangement) -> None:
    for track in perform(song).tracks:
        ends: dict[int, int] = {}
        for note in track.notes:
            assert note.duration >= 1
            assert note.tick >= ends.get(note.pitch, 0)
            ends[note.pitch] = note.end


def test_a_quartet_survives_grid_code_and_file() -> None:
    score = quartet_score(bars=8)
    again = perform(arrange(score))
    read = read_midi(write_midi(again))
    assert arrange(read).rows == arrange(again).rows
    assert read.note_count == again.note_count


def test_playing_a_performed_quartet_again_changes_no_onset_or_pitch() -> None:
    score = quartet_score(bars=4)
    played = {(note.tick, note.pitch) for track in perform(arrange(score)).tracks for note in track.notes}
    assert played == {(note.tick, note.pitch) for track in score.tracks for note in track.notes}


def test_the_higher_single_line_guitar_is_the_lead() -> None:
    low = Track("a", 30, False, tuple(Note(beat * PPQ, 40, PPQ, 90) for beat in range(8)))
    high = Track("b", 30, False, tuple(Note(beat * PPQ, 70, PPQ, 90) for beat in range(8)))
    players = arrange(Score((high, low))).header.players
    assert [player.role for player in players] == [Role.RHYTHM, Role.LEAD]


def test_a_doubled_track_is_dropped() -> None:
    notes = tuple(Note(beat * PPQ, 40 + beat, PPQ, 90) for beat in range(8))
    twin = tuple(Note(note.tick, note.pitch, note.duration, 80) for note in notes)
    song = arrange(Score((Track("a", 30, False, notes), Track("b", 29, False, twin))))
    assert len(song.header.players) == 1


def test_a_bass_that_follows_the_guitar_is_no_double() -> None:
    notes = tuple(Note(beat * PPQ, 40 + beat, PPQ, 90) for beat in range(8))
    bass = tuple(Note(note.tick, note.pitch - 12, note.duration, 90) for note in notes)
    song = arrange(Score((Track("a", 30, False, notes), Track("b", 34, False, bass))))
    assert [player.role for player in song.header.players] == [Role.BASS, Role.RHYTHM]


def test_bars_of_another_meter_are_cut_out() -> None:
    meters = (MeterChange(0, Meter()), MeterChange(PPQ * 4, Meter(3, 4)), MeterChange(PPQ * 7, Meter()))
    notes = tuple(Note(tick, 50, TICKS_PER_GRID, 80) for tick in (0, PPQ * 5, PPQ * 7))
    song = arrange(Score((Track("a", 0, False, notes),), meters=meters))
    assert [bool(row[0]) for row in song.rows] == [True, True]


def test_a_score_without_a_meter_of_the_code_is_refused_in_a_sentence() -> None:
    five = Score((Track("a", 0, False, (Note(0, 60, PPQ, 80),)),), meters=(MeterChange(0, Meter(5, 4)),))
    with pytest.raises(BadMidi, match="4/4"):
        arrange(five)
