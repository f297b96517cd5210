"""Forms are read from letters or words, cut songs into sections, and are drawn by habit."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.music.errors import InvalidSpec
from inference.music.form import MAX_SECTIONS, FormHabit, read_form, sections
from inference.music.measure import measure_form
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ

forms = st.text("ABCD", min_size=1, max_size=MAX_SECTIONS).map(read_form)


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("AABA", "AABA"),
        ("aaba", "AABA"),
        ("B A B A", "ABAB"),
        ("A-B-A-C", "ABAC"),
        ("verse chorus verse chorus bridge chorus", "ABABCB"),
        ("Intro, Verse, Verse, Outro", "ABBC"),
        ("verse", "A"),
    ],
)
def test_letters_and_words_are_forms(said: str, form: str) -> None:
    assert read_form(said) == form


@pytest.mark.parametrize("said", ["", "   ", "A1B2", "A" * 17, "8", "a " * 17])
def test_what_is_no_form_is_refused_with_an_example(said: str) -> None:
    with pytest.raises(InvalidSpec, match="such as AABA"):
        read_form(said)


@given(forms, st.integers(1, 256))
def test_sections_cover_the_song_in_order_and_none_is_empty(form: str, bars: int) -> None:
    if len(form) > bars:
        with pytest.raises(InvalidSpec, match="more than the song has bars"):
            sections(form, bars)
        return
    cut = sections(form, bars)
    assert len(cut) == len(form)
    assert [bar for section in cut for bar in section] == list(range(bars))
    assert all(cut)


@pytest.mark.parametrize(
    ("bars", "lengths"), [(32, [8] * 4), (30, [8, 8, 8, 6]), (20, [4, 4, 8, 4]), (5, [1, 1, 2, 1])]
)
def test_sections_are_multiples_of_as_many_bars_as_can_be(bars: int, lengths: list[int]) -> None:
    assert [len(section) for section in sections("AABA", bars)] == lengths


@given(st.floats(0, 1), st.floats(0, 1), st.integers(4, 64), st.integers(0, 2**32))
def test_a_drawn_form_is_the_same_for_the_same_seed_and_reads_as_it_is_spelled(
    again: float, back: float, bars: int, seed: int
) -> None:
    habit = FormHabit(again, back)
    form = habit.draw(bars, seed)
    assert form == habit.draw(bars, seed)
    if form is not None:
        assert read_form(form) == form
        assert 2 <= len(form) == round(bars / 8)


def test_habits_are_what_forms_have_in_the_mean() -> None:
    drawn = [FormHabit(0.4, 0.2).draw(64, seed) or "" for seed in range(2000)]
    pairs = [pair for form in drawn for pair in pairwise(form)]
    assert sum(one == other for one, other in pairs) / len(pairs) == pytest.approx(0.4, abs=0.02)


def _song(pitches: Sequence[int]) -> Score:
    """Four notes a bar, from the pitch of its bar upwards."""
    notes = [
        Note(4 * PPQ * bar + PPQ * beat, pitch + beat, PPQ, 90)
        for bar, pitch in enumerate(pitches)
        for beat in range(4)
    ]
    return Score((Track("lead", 30, False, tuple(notes)),))


@pytest.mark.parametrize("form", ["A", "AB", "AABA", "ABAC", "ABCD", "ABABCB"])
def test_a_song_of_that_form_is_heard_to_have_it(form: str) -> None:
    letters = [form[number] for number, section in enumerate(sections(form, 24)) for _ in section]
    song = _song([40 + 3 * ord(letter) % 36 for letter in letters])
    assert measure_form(song, form, 24) == form


def test_a_section_is_the_same_while_half_of_it_is() -> None:
    first, other = [40] * 8, [60] * 8
    assert measure_form(_song([*first, *first[:4], *other[:4]]), "AB", 16) == "AA"
    assert measure_form(_song([*first, *first[:3], *other[:5]]), "AA", 16) == "AB"
