"""Melodies to test with: (grid step, pitch) pairs drawn by a seed, all different from each other."""

import random

import numpy as np

from inference.music.score import Meter, Note, Score, Track
from inference.music.units import TICKS_PER_GRID
from inference.originality.index import OriginalityIndex, distinct_keys, distinct_pair_keys
from inference.originality.lookup import melody_of
from inference.originality.ngrams import LEVELS, Keys

Notes = list[tuple[int, int]]


def tune(seed: int, length: int) -> Notes:
    """`length` notes in uneven rhythm between MIDI pitches 40 and 80."""
    rng = random.Random(seed)
    at, notes = 0, []
    for _ in range(length):
        notes.append((at, rng.randint(40, 80)))
        at += rng.choice((3, 6, 8, 12, 24, 36))
    return notes


def gridded(seed: int, length: int) -> Notes:
    """The same on sixteenths, so that whoever gathers songs to train on takes it."""
    rng = random.Random(seed)
    at, notes = 0, []
    for _ in range(length):
        notes.append((at, rng.randint(40, 80)))
        at += rng.choice((6, 12, 18, 24))
    return notes


def later(first: Notes, second: Notes, pause: int) -> Notes:
    """Both, the second from `pause` grid steps after the first's last onset."""
    start = first[-1][0] + pause if first else pause
    offset = second[0][0] if second else 0
    return first + [(at - offset + start, pitch) for at, pitch in second]


def score_of(*tunes: Notes) -> Score:
    """One piano track a tune."""
    return Score(
        tuple(
            Track(f"Piano {number}", 0, False, tuple(Note(at * TICKS_PER_GRID, pitch, 60, 90) for at, pitch in notes))
            for number, notes in enumerate(tunes, start=1)
        )
    )


def index_of(*tunes: Notes) -> OriginalityIndex:
    """Of songs of one player each, in 4/4."""
    return index_of_scores(*(score_of(notes) for notes in tunes))


def index_of_scores(*songs: Score) -> OriginalityIndex:
    """Of songs in 4/4."""
    levels: list[list[Keys]] = []
    pairs = [np.zeros(0, np.uint64)]
    for song in songs:
        melodies = [melody_of(track) for track in song.tracks if not track.is_drum]
        levels.append(distinct_keys(melodies))
        bars = -(-song.end_tick // Meter().ticks)
        pairs.append(distinct_pair_keys(melodies, Meter().ticks // TICKS_PER_GRID, bars))
    joined = [np.unique(np.concatenate(keys)) for keys in zip(*levels, strict=True)] or [pairs[0]] * len(LEVELS)
    return OriginalityIndex.of(joined, np.unique(np.concatenate(pairs)), len(songs))
