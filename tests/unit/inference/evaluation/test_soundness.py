"""Whether a song is what was asked for, sound MIDI, and neither silent nor stuck."""

from dataclasses import replace

import pytest

from inference.evaluation import degeneration, validity
from inference.midi import write_midi
from inference.music import obedience
from inference.music.measure import estimate_key, measure_density
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import Player, SongSpec
from inference.music.units import PPQ
from tests.fakes.scores import BAR, quartet_score, single_note_score

ROSTER = (Player.of(Role.DRUMS), Player.of(Role.BASS), Player.of(Role.RHYTHM), Player.of(Role.LEAD))
SPEC = SongSpec((("metal", 1.0),), 8, Key(4, Mode.MINOR), 160.0, Meter(), ROSTER, 5)
SCORE = quartet_score(8)
KEYS = [Key(tonic, mode) for mode in Mode for tonic in range(12)]


def test_the_quartet_is_as_asked() -> None:
    assert obedience.tempo_is_kept(SCORE, SPEC)
    assert obedience.meter_is_kept(SCORE, SPEC)
    assert obedience.bars_are_kept(SCORE, SPEC)
    assert obedience.roster_is_kept(SCORE, SPEC)


def test_other_tempos_meters_lengths_and_bands_are_not() -> None:
    assert not obedience.tempo_is_kept(replace(SCORE, tempos=(*SCORE.tempos, TempoChange(BAR, 161.0))), SPEC)
    assert not obedience.meter_is_kept(replace(SCORE, meters=(*SCORE.meters, MeterChange(BAR, Meter(3, 4)))), SPEC)
    assert not obedience.bars_are_kept(quartet_score(7), SPEC)
    assert not obedience.bars_are_kept(quartet_score(9), SPEC)
    assert not obedience.roster_is_kept(replace(SCORE, tracks=SCORE.tracks[:3]), SPEC)
    silent = replace(SCORE.tracks[3], notes=())
    assert not obedience.roster_is_kept(replace(SCORE, tracks=(*SCORE.tracks[:3], silent)), SPEC)


def test_keys_may_be_equal_related_or_neither() -> None:
    key = estimate_key(SCORE)
    related = next(other for other in KEYS if other.pitch_classes == key.pitch_classes and other != key)
    stranger = Key((key.tonic + 1) % 12, key.mode)
    kept = {
        asked: (
            obedience.key_is_kept(SCORE, replace(SPEC, key=asked)),
            obedience.scale_is_kept(SCORE, replace(SPEC, key=asked)),
        )
        for asked in (key, related, stranger)
    }
    assert kept == {key: (True, True), related: (False, True), stranger: (False, False)}


def test_density_may_miss_by_one_bin() -> None:
    density = measure_density(SCORE)
    kept = {asked: obedience.density_is_kept(SCORE, replace(SPEC, density=asked)) for asked in range(1, 9)}
    assert {asked for asked, is_kept in kept.items() if is_kept} == {density - 1, density, density + 1} & set(
        range(1, 9)
    )


def test_every_reader_finds_every_note_of_a_file() -> None:
    file = write_midi(SCORE)
    assert [reader(file) for reader in validity.READERS] == [SCORE.note_count] * 3
    assert validity.every_reader_agrees(file, SCORE.note_count)
    assert not validity.every_reader_agrees(file, SCORE.note_count + 1)
    assert validity.survives_a_file(SCORE, file)
    assert not validity.survives_a_file(quartet_score(9), file)


@pytest.mark.parametrize("file", [b"", b"MThd but no more", write_midi(SCORE)[:40]])
def test_a_broken_file_is_read_by_nobody(file: bytes) -> None:
    assert not validity.every_reader_agrees(file, SCORE.note_count)
    assert not validity.survives_a_file(SCORE, file)


def test_a_note_that_is_struck_while_it_sounds_overlaps() -> None:
    def line(*notes: Note) -> Score:
        return Score((Track("Line", 0, False, notes),))

    assert validity.has_no_overlaps(line(Note(0, 60, PPQ, 90), Note(PPQ, 60, PPQ, 90), Note(PPQ // 2, 64, PPQ, 90)))
    assert not validity.has_no_overlaps(line(Note(0, 60, PPQ + 1, 90), Note(PPQ, 60, PPQ, 90)))
    assert validity.has_no_overlaps(SCORE)


@pytest.mark.parametrize("note", [Note(0, 128, 1, 90), Note(0, 60, 0, 90), Note(0, 60, 1, 0), Note(-1, 60, 1, 90)])
def test_values_that_a_file_cannot_hold_are_out_of_range(note: Note) -> None:
    assert validity.is_in_range(SCORE)
    assert not validity.is_in_range(Score((Track("Line", 0, False, (note,)),)))


def test_empty_bars_and_silent_tracks_are_counted() -> None:
    assert degeneration.empty_share(single_note_score(), 4) == 75
    assert degeneration.empty_share(SCORE, 8) == 0
    assert degeneration.silent_tracks(SCORE) == 0
    assert degeneration.silent_tracks(Score((*SCORE.tracks, Track("Keys", 0, False, ())))) == 1
    assert degeneration.empty_share(Score(()), 2) == 100


def test_bars_are_held_against_limits_of_their_notes() -> None:
    line = Score((Track("Line", 0, False, tuple(Note(tick * PPQ, 60, 9, 90) for tick in range(5))),))
    assert degeneration.notes_in_bars(line, 3).tolist() == [4, 1, 0]
    assert degeneration.share_within(line, 2, 2, 4) == 50
    assert degeneration.share_within(line, 2, 1, 4) == 100
