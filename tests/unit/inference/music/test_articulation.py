from itertools import pairwise

import pytest

from inference.music.articulation import palm_mutes
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.units import PPQ

EIGHTH, SIXTEENTH = PPQ // 2, PPQ // 4


def mutes(notes: list[Note], tempo: float = 160.0, program: int = 30) -> tuple[bool, ...]:
    track = Track("", program, False, tuple(sorted(notes)))
    return palm_mutes(track, Score((track,), (TempoChange(0, tempo),)))


def chugs(count: int, pitch: int = 40, step: int = EIGHTH) -> list[Note]:
    return [Note(index * step, pitch, step, 100) for index in range(count)]


def test_a_run_of_low_eighths_is_muted_at_metal_tempo_and_open_at_a_slow_one() -> None:
    assert mutes(chugs(8)) == (True,) * 8
    assert not any(mutes(chugs(8), tempo=100))


def test_a_very_short_low_note_is_muted_wherever_it_stands() -> None:
    assert mutes([Note(0, 40, SIXTEENTH, 100), Note(4 * PPQ, 45, 4 * PPQ, 100)]) == (True, False)


def test_a_low_melody_in_eighths_is_open() -> None:
    walk = [Note(index * EIGHTH, pitch, EIGHTH, 100) for index, pitch in enumerate((40, 43, 45, 46, 45, 43))]
    assert not any(mutes(walk))


def test_high_notes_are_open_however_short() -> None:
    assert not any(mutes(chugs(8, pitch=64, step=SIXTEENTH)))


def test_a_held_note_is_open() -> None:
    assert mutes([Note(0, 40, 2 * PPQ, 100)]) == (False,)


def test_a_long_written_note_that_the_next_stroke_cuts_is_as_short_as_it_sounds() -> None:
    assert all(mutes([Note(index * SIXTEENTH, 40, 4 * PPQ, 100) for index in range(4)])[:3])


def test_a_power_chord_among_single_chugs_is_an_accent() -> None:
    accent = [Note(4 * EIGHTH, 47, EIGHTH, 100), Note(4 * EIGHTH, 52, EIGHTH, 100)]
    found = mutes(chugs(8) + accent)
    assert found == (True,) * 4 + (False,) * 3 + (True,) * 3


def test_muted_power_chords_are_muted_string_by_string() -> None:
    chords = [Note(index * EIGHTH, pitch, EIGHTH, 100) for index in range(4) for pitch in (40, 47)]
    assert mutes(chords) == (True,) * 8


def test_a_much_louder_stroke_of_a_run_is_open() -> None:
    run = [Note(index * EIGHTH, 40, EIGHTH, 127 if index == 3 else 90) for index in range(6)]
    assert [index for index, muted in enumerate(mutes(run)) if not muted] == [3]


@pytest.mark.parametrize(("program", "muted"), [(28, True), (27, False), (34, False), (0, False)])
def test_the_muted_guitar_is_always_muted_and_other_instruments_never(program: int, muted: bool) -> None:
    assert set(mutes(chugs(4), program=program)) == {muted}


def test_drums_and_empty_tracks_have_no_mutes() -> None:
    drums = Track("", 30, True, tuple(chugs(4)))
    assert not any(palm_mutes(drums, Score((drums,))))
    assert palm_mutes(Track("", 30, False, ()), Score(())) == ()


def test_a_change_of_tempo_counts_from_where_it_stands() -> None:
    track = Track("", 30, False, tuple(chugs(16)))
    found = palm_mutes(track, Score((track,), (TempoChange(0, 90.0), TempoChange(8 * EIGHTH, 170.0))))
    assert found == (False,) * 8 + (True,) * 8
    assert [one for one, two in pairwise(found) if one != two] == [False]
