"""A drummer who leaves out the snare is found out; small steps are told from leaps, chords from single notes."""

from math import isnan

from inference.evaluation.playing import leaves_out_drums, notes_at_once, small_steps
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ

BAR, BARS = 4 * PPQ, 10


def _drummer(**bars_of_key: int) -> Score:
    """Who strikes each key once in the first so many bars."""
    notes = [
        Note(bar * BAR + place * PPQ, int(key[1:]), 60, 90)
        for place, (key, bars) in enumerate(bars_of_key.items())
        for bar in range(bars)
    ]
    return Score((Track("Drums", 0, True, tuple(sorted(notes))),))


def _melody(*pitches: int) -> Track:
    return Track("Lead", 29, False, tuple(Note(place * PPQ, pitch, PPQ, 90) for place, pitch in enumerate(pitches)))


def test_a_drummer_needs_each_part_of_the_kit_in_a_fifth_of_its_bars() -> None:
    assert leaves_out_drums(_drummer(k36=BARS, k38=2, k42=BARS)) == 0
    assert leaves_out_drums(_drummer(k36=BARS, k38=1, k42=BARS)) == 1
    assert leaves_out_drums(_drummer(k35=BARS, k39=BARS, k51=BARS)) == 0


def test_crashes_keep_time_for_who_listens() -> None:
    assert leaves_out_drums(_drummer(k36=BARS, k40=BARS, k49=BARS)) == 0


def test_without_drums_nothing_is_left_out() -> None:
    assert isnan(leaves_out_drums(Score((_melody(60, 62),))))


def test_notes_of_a_chord_are_counted_by_stroke_and_player() -> None:
    triad = Track("Keys", 0, False, tuple(Note(0, pitch, PPQ, 90) for pitch in (60, 64, 67)))
    assert notes_at_once([triad]) == 3
    assert notes_at_once([triad, _melody(60)]) == 2
    assert isnan(notes_at_once([]))


def test_small_steps_are_counted_and_repeats_and_leaps_are_not() -> None:
    assert small_steps([_melody(60, 62, 61, 61, 69, 60, 62, 61, 61)]) == 50
    assert isnan(small_steps([_melody(60, 62)]))
