"""The biases that a touch can add to the logits of a field."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from inference.music.touch import Touch
from inference.tokens.block import BACKBEAT, KICK, KIT, chord_intervals
from inference.tokens.leaning import Leaning
from inference.tokens.tables import DRUM_SETS
from inference.tokens.vocabulary import (
    COPY,
    COPY_DISTANCES,
    DRUM_SET,
    HEADS,
    NEW,
    PITCH,
    POSITION,
    RIFF,
    SHAPES,
    VALUES,
)

LATER_DISTANCES = (2, 4, 8)
FAR = 12  # bars: what comes again from so long ago is another part of the song
STRUCK, _SOUNDS = 2, 14  # harmonies of `Heard.at`: struck there, struck before
# Shares of a touch's chord weight: fifth, thirds, fourth, and the sixth and the second against them.
CONSONANT = {7: 1.0, 3: 0.7, 4: 0.7, 5: 0.5, 1: -1.0, 6: -1.0, 11: -0.5, 2: -0.3, 8: -0.2}


@lru_cache(maxsize=4096)
def stroke_leaning(kick: float, kicks: tuple[int, ...], riff: float, strokes: tuple[int, ...]) -> Leaning:
    """Float [HEADS]: towards places where the bass drum, and the first pitched player, strike."""
    leaning = np.zeros(HEADS, np.float32)
    for weight, places in ((kick, kicks), (riff, strokes)):
        leaning[[POSITION + place for place in places]] += weight
    return leaning


@lru_cache(maxsize=64)
def again_leaning(touch: Touch) -> Leaning | None:
    """Float [VALUES]: towards repeats, by how many bars ago the content was played."""
    by_distance = {1: touch.one, 2: touch.two, 4: touch.four, 8: touch.eight}
    by_distance |= {distance: touch.far for distance in COPY_DISTANCES if distance >= FAR}
    if not touch.again and not any(by_distance.values()):
        return None
    leaning = np.zeros(VALUES, np.float32)
    leaning[COPY:PITCH] = touch.again
    for distance, weight in by_distance.items():
        leaning[COPY + COPY_DISTANCES.index(distance)] += weight
    return leaning


@lru_cache(maxsize=64)
def groove_leaning(weight: float) -> Leaning:
    """Float [VALUES]: towards any repeat of a player's own blocks."""
    leaning = np.zeros(VALUES, np.float32)
    leaning[COPY:PITCH] = weight
    return leaning


@lru_cache(maxsize=512)
def since_leaning(weight: float, bars: int) -> Leaning:
    """Float [VALUES]: away from what was played more than so many bars ago; RIFF always was."""
    leaning = np.zeros(VALUES, np.float32)
    leaning[RIFF:PITCH] = -weight
    for place, distance in enumerate(COPY_DISTANCES):
        if distance > bars:
            leaning[COPY + place] = -weight
    return leaning


def later_leaning(weight: float, values: Sequence[int]) -> Leaning | None:
    """Float [VALUES]: towards each of these as often as it is named: what brings back what comes some bars later."""
    if not values:
        return None
    leaning = np.zeros(VALUES, np.float32)
    for value in values:
        leaning[value] += np.float32(weight)
    return leaning


def page_leaning(weight: float, sources: Sequence[frozenset[int]]) -> Leaning | None:
    """Float [VALUES]: towards what the players who have written this bar did.

    Args:
        weight: for what all of them did.
        sources: for each of them the places in COPY_DISTANCES where it played the same; empty for something new.
    """
    if not sources:
        return None
    leaning = np.zeros(VALUES, np.float32)
    share = weight / len(sources)
    for places in sources:
        if not places:
            leaning[NEW] += share
        for place in places:
            leaning[COPY + place] += share
    return leaning


@lru_cache(maxsize=16)
def pedal_leaning(weight: float) -> Leaning:
    """Float [VALUES]: towards drum sets with the bass drum."""
    leaning = np.zeros(VALUES, np.float32)
    for number, lanes in enumerate(DRUM_SETS):
        leaning[DRUM_SET + number] = weight if lanes & KICK else 0.0
    return leaning


@lru_cache(maxsize=256)
def kit_leaning(weight: float, struck: int, *, after_one: bool) -> Leaning:
    """Float [VALUES]: towards drum sets with what of the kit is missing.

    Args:
        weight: for each of bass drum, snare and cymbals.
        struck: lanes that are not missing.
        after_one: whether the first beat is over; before that a snare is not missed.
    """
    missing = [lanes for lanes in KIT if not lanes & struck and (after_one or lanes != BACKBEAT)]
    leaning = np.zeros(VALUES, np.float32)
    for number, lanes in enumerate(DRUM_SETS):
        leaning[DRUM_SET + number] = weight * sum(bool(lanes & one) for one in missing)
    return leaning


@lru_cache(maxsize=1024)
def harmony_leaning(unison: float, chord: float, harmony: int) -> Leaning | None:
    """Float [VALUES]: towards lowest notes that go with what the first pitched player plays there (`Heard.at`)."""
    if harmony < STRUCK or not (unison or chord):
        return None
    root = (harmony - (_SOUNDS if harmony >= _SOUNDS else STRUCK)) % 12
    leaning = np.zeros(VALUES, np.float32)
    for value in range(PITCH, DRUM_SET):
        above = (value - PITCH - root) % 12
        leaning[value] = unison if above == 0 else chord * CONSONANT.get(above, 0.0)
    return leaning


@lru_cache(maxsize=1024)
def smooth_leaning(weight: float, pitch: int) -> Leaning:
    """Float [VALUES]: towards lowest notes one or two semitones from this one."""
    leaning = np.zeros(VALUES, np.float32)
    for near in (pitch - 2, pitch - 1, pitch + 1, pitch + 2):
        if 0 <= near < DRUM_SET - PITCH:
            leaning[PITCH + near] = weight
    return leaning


@lru_cache(maxsize=16)
def full_leaning(weight: float) -> Leaning:
    """Float [SHAPES]: towards chords, by how many notes they have above their lowest."""
    above = [0, *(len(chord_intervals(shape)) - 1 for shape in range(1, SHAPES))]
    return np.array([weight * count for count in above], np.float32)


@lru_cache(maxsize=1024)
def tones_leaning(weight: float, classes: frozenset[int]) -> Leaning:
    """Float [VALUES]: towards lowest notes of these pitch classes."""
    leaning = np.zeros(VALUES, np.float32)
    for value in range(PITCH, DRUM_SET):
        if (value - PITCH) % 12 in classes:
            leaning[value] = weight
    return leaning
