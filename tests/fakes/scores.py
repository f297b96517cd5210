"""Scores to test with: written by rule, so that a test needs neither a checkpoint nor a file."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ

BAR = Meter().ticks
_EIGHTH = PPQ // 2
_SIXTEENTH = PPQ // 4
_KICK, _SNARE, _HAT, _RIDE, _CRASH, _LOW_TOM = 36, 38, 42, 51, 49, 45
_ROOTS = (40, 40, 43, 45, 40, 40, 48, 47)
_MELODY = (64, 67, 71, 69, 67, 66, 64, 71)
_GALLOP = (0, 2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15)

_BarWriter = Callable[[int, int], Iterator[Note]]


def quartet_score(bars: int = 8, tempo: float = 160.0) -> Score:
    """A metal quartet in E minor: drums, pick bass, rhythm and lead guitar, `bars` bars of 4/4 and a last hit.

    The last bar is one long chord of the whole band, so the piece has an ending and fits `bars` exactly.
    """
    return Score(
        (
            _track("Drums", 0, _drum_bar, bars),
            _track("Bass", 34, _bass_bar, bars),
            _track("Rhythm guitar", 30, _rhythm_bar, bars),
            _track("Lead guitar", 30, _lead_bar, bars),
        ),
        (TempoChange(0, tempo),),
        (MeterChange(0, Meter()),),
    )


def retuned(score: Score, seed: int) -> Score:
    """Another song with the same rhythm: the pitches of each of eight bars are moved by a number of semitones."""
    rng = random.Random(seed)
    moves = [rng.randint(-4, 4) for _ in range(8)]

    def moved(note: Note) -> Note:
        return replace(note, pitch=note.pitch + moves[note.tick // BAR % 8])

    tracks = (
        track if track.is_drum else replace(track, notes=tuple(sorted(map(moved, track.notes))))
        for track in score.tracks
    )
    return replace(score, tracks=tuple(tracks))


def single_note_score(tempo: float = 120.0) -> Score:
    """One quarter of middle C on a piano."""
    return Score((Track("Piano", 0, False, (Note(0, 60, PPQ, 96),)),), (TempoChange(0, tempo),))


def _track(name: str, program: int, write: _BarWriter, bars: int) -> Track:
    notes = [note for bar in range(bars) for note in write(bar, bars)]
    return Track(name, program, name == "Drums", tuple(sorted(notes)))


def _drum_bar(bar: int, bars: int) -> Iterator[Note]:
    start = bar * BAR
    if bar == bars - 1:
        yield from (Note(start, pitch, PPQ, 118) for pitch in (_KICK, _SNARE, _CRASH))
        return
    if bar % 4 == 0:
        yield Note(start, _CRASH, PPQ, 112)
    cymbal = _RIDE if bar % 8 >= 4 else _HAT
    for eighth in range(8):
        yield Note(start + eighth * _EIGHTH, cymbal, _SIXTEENTH, 92 if eighth % 2 == 0 else 70)
    kicks = range(16) if bar % 8 >= 4 else _GALLOP
    for sixteenth in kicks:
        yield Note(start + sixteenth * _SIXTEENTH, _KICK, _SIXTEENTH, 104 if sixteenth % 4 == 0 else 88)
    for quarter in (1, 3):
        yield Note(start + quarter * PPQ, _SNARE, _SIXTEENTH, 110)
    if bar % 4 == 3:
        for sixteenth in range(13, 16):
            yield Note(start + sixteenth * _SIXTEENTH, _LOW_TOM + 5 * (15 - sixteenth) // 2, _SIXTEENTH, 100)


def _bass_bar(bar: int, bars: int) -> Iterator[Note]:
    start, root = bar * BAR, _ROOTS[bar % 8] - 12
    if bar == bars - 1:
        yield Note(start, 28, BAR, 110)
        return
    for sixteenth in _GALLOP:
        yield Note(start + sixteenth * _SIXTEENTH, root, _SIXTEENTH - 10, 104 if sixteenth % 4 == 0 else 90)


def _rhythm_bar(bar: int, bars: int) -> Iterator[Note]:
    start, root = bar * BAR, _ROOTS[bar % 8]
    if bar == bars - 1:
        yield from _chord(start, 40, BAR, 112)
        return
    if bar % 8 >= 4:
        yield from _chord(start, root, 2 * PPQ, 108)
        yield from _chord(start + 2 * PPQ, root, 2 * PPQ, 104)
        return
    for sixteenth in _GALLOP[:-3]:
        yield Note(start + sixteenth * _SIXTEENTH, root, _SIXTEENTH - 10, 100 if sixteenth % 4 == 0 else 86)
    yield from _chord(start + 12 * _SIXTEENTH, root + 2, PPQ, 110)


def _lead_bar(bar: int, bars: int) -> Iterator[Note]:
    start = bar * BAR
    if bar == bars - 1:
        yield Note(start, 76, BAR, 108)
        return
    if bar % 8 < 4:
        yield from _chord(start + 12 * _SIXTEENTH, _ROOTS[bar % 8] + 14, PPQ, 98)
        return
    for step in range(8):
        pitch = _MELODY[(bar + step) % 8] + (12 if bar % 2 else 0)
        yield Note(start + step * _EIGHTH, pitch, _EIGHTH, 96 + step)


def _chord(tick: int, root: int, duration: int, velocity: int) -> Iterator[Note]:
    """Root, fifth and octave."""
    yield from (Note(tick, root + step, duration, velocity) for step in (0, 7, 12))
