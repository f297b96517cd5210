"""Leanings: biases on the logits of a field that keep a song to what was asked. Pitches are written ones.

A mask forbids, a leaning persuades. The key is one: metal is full of notes outside its scale, so they are made
rarer, not impossible. The ending is the other: half of the real songs end on a stroke or two that ring out, which a
model that rarely sees an ending learns late.
"""

from functools import lru_cache
from math import log

import numpy as np
from numpy.typing import NDArray

from inference.music.measure import KEY_PROFILES
from inference.music.pitch import Key, Mode
from inference.tokens.block import chord_intervals
from inference.tokens.vocabulary import DRUM_SET, DURATION_GRIDS, DURATIONS, HEADS, PITCH, POSITION, SHAPES, VALUES

Leaning = NDArray[np.float32]

# In natural logarithms: the weight of the probe-tone profile, and what each pitch class outside the scale loses. They
# are light, for songs are written from their tonic: the model knows where it is, and of several takes the one whose
# notes say the key is kept.
PROFILE_WEIGHT = 0.25
KEY_WEIGHT = 0.2
# Against each stroke of the last bar after its first beat, and towards notes of a half or longer in it.
ENDING_STROKE_WEIGHT = 2.0
ENDING_LENGTH_WEIGHT = 2.0
_HALF = 48


@lru_cache(maxsize=2)
def root_leaning(mode: Mode) -> Leaning:
    """Float [VALUES]: towards lowest notes that establish the key, after its probe-tone profile, away from others."""
    scale, profile = _scale(mode), KEY_PROFILES[mode]
    leaning = np.zeros(VALUES, np.float32)
    for value in range(PITCH, DRUM_SET):
        pitch_class = (value - PITCH) % 12
        leaning[value] = PROFILE_WEIGHT * log(profile[pitch_class] / profile[0])
        if pitch_class not in scale:
            leaning[value] -= KEY_WEIGHT
    return leaning


@lru_cache(maxsize=24)
def shape_leaning(mode: Mode, pitch_class: int) -> Leaning:
    """Float [SHAPES]: against chords over a root whose other notes leave the key, by the number of them."""
    scale = _scale(mode)
    leaning = np.zeros(SHAPES, np.float32)
    for shape in range(1, SHAPES):
        classes = {(pitch_class + interval) % 12 for interval in chord_intervals(shape)} - {pitch_class}
        leaning[shape] = -KEY_WEIGHT * len(classes - scale)
    return leaning


@lru_cache(maxsize=1)
def ending_head_leaning() -> Leaning:
    """Float [HEADS]: against later strokes in the last bar."""
    leaning = np.zeros(HEADS, np.float32)
    leaning[POSITION + 1 :] = -ENDING_STROKE_WEIGHT
    return leaning


@lru_cache(maxsize=1)
def ending_duration_leaning() -> Leaning:
    """Float [DURATIONS]: towards notes that ring."""
    leaning = np.zeros(DURATIONS, np.float32)
    leaning[1 + DURATION_GRIDS.index(_HALF) :] = ENDING_LENGTH_WEIGHT
    return leaning


def both(one: Leaning | None, other: Leaning | None) -> Leaning | None:
    """The sum of two leanings, either of which may be None."""
    if one is None or other is None:
        return one if other is None else other
    together: Leaning = one + other
    return together


def scaled(leaning: Leaning, factor: float) -> Leaning:
    """The leaning times `factor`; the same array, not a copy, for a factor of 1."""
    return leaning if factor == 1 else leaning * np.float32(factor)


def _scale(mode: Mode) -> frozenset[int]:
    """Pitch classes above the tonic, in minor with the raised seventh that leads home."""
    classes = Key(0, mode).pitch_classes
    return classes | {11} if mode is Mode.MINOR else classes
