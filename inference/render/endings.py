"""How a song ends: what rings by itself is left to ring, and then it fades."""

import math
from dataclasses import replace

import numpy as np

from inference.music.score import Score, Track
from inference.music.units import seconds_per_tick
from inference.render.signal import Audio

LAST_RING_S = 4.0
RINGING_PROGRAMS = frozenset({*range(16), *range(24, 38), 45, 46, 47, *range(104, 109)})
_SHORTEST_S = 0.3  # a last note that is shorter is meant to be short


def let_ring(score: Score) -> Score:
    """The song with its last notes held on where nobody would damp them; without any, the score itself.

    They are the last stroke of somebody whose instrument rings by itself, if it is still held when the last note of the
    band begins, and no short one.
    """
    begun = max((note.tick for track in score.tracks for note in track.notes), default=0)
    tick_s = seconds_per_tick(score.tempos[-1].tempo)
    until = score.end_tick + int(LAST_RING_S / tick_s)
    tracks = tuple(_ringing(track, begun, int(_SHORTEST_S / tick_s), until) for track in score.tracks)
    return score if tracks == score.tracks else replace(score, tracks=tracks)


def _ringing(track: Track, begun: int, shortest: int, until: int) -> Track:
    if track.is_drum or track.program not in RINGING_PROGRAMS or not track.notes:
        return track
    last = max(note.tick for note in track.notes)
    end = max(note.end for note in track.notes)
    notes = tuple(
        replace(note, duration=until - note.tick)
        if note.end > begun and note.duration >= shortest and (note.tick == last or note.end == end)
        else note
        for note in track.notes
    )
    return track if notes == track.notes else replace(track, notes=notes)


def fade_from(audio: Audio, written: int) -> Audio:
    """Lets what sounds after the sample `written` fall to nothing until the end, in place: slowly at first."""
    tail = audio[:, written:]
    tail *= (0.5 + 0.5 * np.cos(np.linspace(0.0, math.pi, tail.shape[1]))).astype(np.float32)
    return audio
