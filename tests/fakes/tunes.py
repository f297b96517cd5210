"""Melodies to test with: (grid step, pitch) pairs drawn by a seed, all different from each other."""

import random

from inference.music.score import Note, Score, Track
from inference.music.units import TICKS_PER_GRID

Notes = list[tuple[int, int]]


def tune(seed: int, length: int) -> Notes:
    """`length` notes in uneven rhythm between MIDI pitches 40 and 80."""
    rng = random.Random(seed)
    at, notes = 0, []
    for _ in range(length):
        notes.append((at, rng.randint(40, 80)))
        at += rng.choice((3, 6, 8, 12, 24, 36))
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
