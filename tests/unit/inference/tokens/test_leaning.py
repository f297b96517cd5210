"""Leanings persuade towards the key and leave it possible to leave it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.music.pitch import Key, Mode
from inference.tokens.leaning import (
    OPENING_BARS,
    ending_duration_leaning,
    ending_head_leaning,
    root_leaning,
    shape_leaning,
)
from inference.tokens.tables import CHORD_SHAPES
from inference.tokens.vocabulary import DRUM_SET, PITCH, POSITION, duration_class

KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(Mode))
POWER_CHORD = 1 + CHORD_SHAPES.index(0b10000001)


@given(KEYS)
def test_the_tonic_is_favoured_and_notes_outside_the_scale_least(key: Key) -> None:
    leaning = root_leaning(key, OPENING_BARS)
    octave = {pitch % 12: leaning[PITCH + pitch] for pitch in range(48, 60)}
    assert max(octave, key=octave.__getitem__) == key.tonic
    inside = [octave[pitch] for pitch in key.pitch_classes]
    outside = [
        octave[pitch] for pitch in range(12) if pitch not in key.pitch_classes and pitch != (key.tonic + 11) % 12
    ]
    assert max(outside) < min(inside)
    assert np.isfinite(leaning).all()


@given(KEYS)
def test_drums_and_repeats_are_left_alone(key: Key) -> None:
    leaning = root_leaning(key, OPENING_BARS)
    assert not leaning[:PITCH].any()
    assert not leaning[DRUM_SET:].any()


@given(KEYS)
def test_the_opening_leans_harder_than_the_rest(key: Key) -> None:
    assert root_leaning(key, 0).min() < root_leaning(key, OPENING_BARS).min()


def test_a_power_chord_on_the_tonic_is_free_and_on_the_second_of_minor_is_not() -> None:
    e_minor = Key(4, Mode.MINOR)
    assert shape_leaning(e_minor, 0, 4)[POWER_CHORD] == 0
    assert shape_leaning(e_minor, 0, 6)[POWER_CHORD] < 0  # F# and its fifth, C#


def test_the_last_bar_leans_to_one_long_stroke() -> None:
    head, duration = ending_head_leaning(), ending_duration_leaning()
    assert head[POSITION] == 0
    assert (head[POSITION + 1 :] < 0).all()
    assert not head[:POSITION].any()
    assert duration[duration_class(96)] > 0 == duration[duration_class(12)]
