"""How a guitarist plays a note, as far as its length, pitch and repetition tell: a score carries no articulation."""

from bisect import bisect_right
from itertools import groupby, pairwise
from typing import NamedTuple

from inference.music.score import Note, Score, Track
from inference.music.units import seconds_per_tick

DRIVEN_PROGRAMS = frozenset({29, 30})
MUTED_PROGRAM = 28
_SHORT_S = 0.126  # a stroke of this length is damped wherever it stands
_CHUG_S = 0.21  # and up to this length where the same stroke is repeated
_CHUG_GAP_S = 0.26
_HIGHEST_ROOT = 57  # A3: above it the hand has left the low strings
_HIGHEST_TOP = 64
_ACCENT_VELOCITY = 24


class _Stroke(NamedTuple):
    """The notes of one attack: onset and sounding length in seconds, outer pitches, loudest velocity, their number."""

    at_s: float
    length_s: float
    root: int
    top: int
    velocity: int
    notes: int


def palm_mutes(track: Track, score: Score) -> tuple[bool, ...]:
    """Which notes of `track` are palm-muted, one bool a note in the track's order.

    A driven guitar's stroke is, when it is low and very short, or low, short and part of a run of equal strokes. An
    accent in such a run (a fuller chord, a much louder stroke) is open. Every note of the muted guitar program is
    muted; no note of any other instrument is.

    Args:
        track: one guitar; its notes are sorted by tick.
        score: the piece it belongs to, for the tempo.
    """
    if track.is_drum or not track.notes or track.program not in DRIVEN_PROGRAMS:
        return (not track.is_drum and track.program == MUTED_PROGRAM,) * len(track.notes)
    chords = [tuple(chord) for _, chord in groupby(track.notes, key=lambda note: note.tick)]
    strokes = _strokes(chords, score)
    around = zip([None, *strokes[:-1]], strokes, [*strokes[1:], None], strict=True)
    muted = [_is_muted(stroke, before, after) for before, stroke, after in around]
    return tuple(is_muted for chord, is_muted in zip(chords, muted, strict=True) for _ in chord)


def _strokes(chords: list[tuple[Note, ...]], score: Score) -> list[_Stroke]:
    """A stroke sounds until its last note ends or the next stroke takes the strings."""
    changes = [change.tick for change in score.tempos]
    strokes, at_s = [], 0.0
    for chord, following in pairwise([*chords, ()]):
        tick = chord[0].tick
        change = score.tempos[max(0, bisect_right(changes, tick) - 1)]
        tick_s = seconds_per_tick(change.tempo)
        gap = following[0].tick - tick if following else max(note.duration for note in chord)
        length = min(gap, max(note.duration for note in chord))
        pitches = [note.pitch for note in chord]
        loudest = max(note.velocity for note in chord)
        strokes.append(_Stroke(at_s, length * tick_s, min(pitches), max(pitches), loudest, len(chord)))
        at_s += gap * tick_s  # near enough across a change of tempo: only neighbours are compared
    return strokes


def _is_muted(stroke: _Stroke, before: _Stroke | None, after: _Stroke | None) -> bool:
    if stroke.root > _HIGHEST_ROOT or stroke.top > _HIGHEST_TOP or stroke.length_s > _CHUG_S:
        return False
    near = [other for other in (before, after) if other and abs(other.at_s - stroke.at_s) <= _CHUG_GAP_S]
    if any(_stands_out(stroke, other) for other in near):
        return False
    return stroke.length_s <= _SHORT_S or any(other.root == stroke.root for other in near)


def _stands_out(stroke: _Stroke, other: _Stroke) -> bool:
    """An accent against its neighbour: more strings struck, or struck much harder."""
    return stroke.notes > other.notes or stroke.velocity >= other.velocity + _ACCENT_VELOCITY
