"""Leanings persuade towards the key and leave it possible to leave it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.music.pitch import Key, Mode
from inference.tokens.leaning import (
    ending_duration_leaning,
    ending_head_leaning,
    root_leaning,
    shape_leaning,
)
from inference.tokens.tables import CHORD_SHAPES
from inference.tokens.vocabulary import DRUM_SET, PITCH, POSITION, duration_class

MODES = st.sampled_from(Mode)
POWER_CHORD = 1 + CHORD_SHAPES.index(0b10000001)


@given(MODES)
def test_the_tonic_is_favoured_and_notes_outside_the_scale_least(mode: Mode) -> None:
    leaning = root_leaning(mode)
    octave = {pitch % 12: leaning[PITCH + pitch] for pitch in range(48, 60)}
    assert max(octave, key=octave.__getitem__) == 0
    scale = Key(0, mode).pitch_classes
    inside = [octave[pitch] for pitch in scale]
    outside = [octave[pitch] for pitch in range(11) if pitch not in scale]
    assert max(outside) < min(inside)
    assert np.isfinite(leaning).all()


@given(MODES)
def test_drums_and_repeats_are_left_alone(mode: Mode) -> None:
    leaning = root_leaning(mode)
    assert not leaning[:PITCH].any()
    assert not leaning[DRUM_SET:].any()


def test_a_power_chord_on_the_tonic_is_free_and_on_the_second_of_minor_is_not() -> None:
    assert shape_leaning(Mode.MINOR, 0)[POWER_CHORD] == 0
    assert shape_leaning(Mode.MINOR, 2)[POWER_CHORD] < 0  # in E minor: F# and its fifth, C#


def test_the_last_bar_leans_to_one_long_stroke() -> None:
    head, duration = ending_head_leaning(), ending_duration_leaning()
    assert head[POSITION] == 0
    assert (head[POSITION + 1 :] < 0).all()
    assert not head[:POSITION].any()
    assert duration[duration_class(96)] > 0 == duration[duration_class(12)]
