"""Key and density as measured from notes."""

from hypothesis import given
from hypothesis import strategies as st

from inference.music.measure import DENSITY_BOUNDS, KEY_PROFILES, density_of, estimate_key, key_of, measure_density
from inference.music.pitch import Key, Mode
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from tests.fakes.scores import quartet_score, single_note_score


@given(st.integers(0, 11), st.sampled_from(Mode))
def test_a_songs_key_is_the_one_whose_profile_it_follows(tonic: int, mode: Mode) -> None:
    profile = KEY_PROFILES[mode]
    assert key_of([profile[(pitch - tonic) % 12] for pitch in range(12)]) == Key(tonic, mode)


def test_a_scale_with_a_long_tonic_is_in_its_key() -> None:
    notes = [Note(step * PPQ, 57 + interval, PPQ, 80) for step, interval in enumerate((0, 2, 3, 5, 7, 8, 10))]
    notes.append(Note(8 * PPQ, 57, 6 * PPQ, 80))
    assert estimate_key(Score((Track("a", 0, False, tuple(notes)),))) == Key(9, Mode.MINOR)


def test_drums_do_not_count_for_the_key() -> None:
    drums = Track("Drums", 0, True, tuple(Note(beat * PPQ, 37, PPQ, 90) for beat in range(64)))
    melody = single_note_score().tracks[0]
    assert estimate_key(Score((drums, melody))).tonic == estimate_key(Score((melody,))).tonic


def test_density_rises_with_the_onsets_of_a_playing_instrument() -> None:
    assert density_of(0, 0) == 1
    assert [density_of(round(bound * 100), 100) for bound in DENSITY_BOUNDS] == list(range(2, 9))


def test_notes_struck_together_count_once_and_silent_bars_do_not() -> None:
    chord = tuple(Note(0, pitch, PPQ, 80) for pitch in (40, 47, 52))
    late = Note(PPQ * 40, 40, PPQ, 80)
    assert measure_density(Score((Track("a", 30, False, (*chord, late)),))) == 1
    assert measure_density(quartet_score(8)) > 4
