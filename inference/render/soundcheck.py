"""What a band plays before the concert: every instrument in all its registers, to measure and compare sounds with.

No song is made here. Measurements, benchmarks and tests need the same notes every time, without a composer.
"""

from collections.abc import Iterator

from inference.music.program import Role
from inference.music.score import Meter, Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.parts import DRIVEN_PROGRAMS

_BAR = Meter().ticks
_EIGHTH, _SIXTEENTH = PPQ // 2, PPQ // 4
_ROOTS = (40, 43, 36 + 9, 36 + 11)
_MINOR, _FIFTH = (0, 7, 12, 15, 19), (0, 7, 12)
_MELODY = (64, 67, 71, 74, 76, 74, 71, 67, 69, 71, 72, 71, 69, 66, 64, 59)
_KICK, _SNARE, _HAT, _OPEN_HAT, _RIDE, _CRASH = 36, 38, 42, 46, 51, 49
_TOMS = (50, 47, 45, 43)


def sound_check(roster: tuple[Player, ...], tempo: float = 120.0, bars: int = 8, shift: int = 0) -> Score:
    """Riffs, held chords, a melody and drums with fills, `bars` bars of 4/4, the last of them one long chord.

    Args:
        roster: who plays.
        tempo: quarters per minute.
        bars: 2 or more.
        shift: semitones up or down for everybody but the drums.
    """
    tracks = tuple(Track(player.role, player.program, player.is_drum, _notes(player, bars, shift)) for player in roster)
    return Score(tracks, (TempoChange(0, tempo),))


def _notes(player: Player, bars: int, shift: int) -> tuple[Note, ...]:
    found: list[Note] = []
    for bar in range(bars):
        root = _ROOTS[bar // 2 % len(_ROOTS)]
        is_last = bar == bars - 1
        at = bar * _BAR
        if player.is_drum:
            found += _drums(at, bar, is_last=is_last)
        else:
            line = _last(player, at) if is_last else _line(player, at, bar, root)
            found += (Note(n.tick, min(127, max(0, n.pitch + shift)), n.duration, n.velocity) for n in line)
    return tuple(sorted(found))


def _line(player: Player, at: int, bar: int, root: int) -> Iterator[Note]:
    match player.role:
        case Role.BASS:
            yield from (
                Note(at + step * _EIGHTH, root - 12, _EIGHTH - 20, 96 + 8 * (step % 2 == 0)) for step in range(8)
            )
        case Role.RHYTHM:
            yield from _riff(player, at, bar, root)
        case Role.LEAD | Role.WINDS:
            some = _MELODY[bar % 2 * 8 : bar % 2 * 8 + 8]
            yield from (
                Note(at + step * _EIGHTH, pitch, _EIGHTH, 92 + 3 * (step % 4)) for step, pitch in enumerate(some)
            )
        case Role.STRINGS | Role.SYNTH:
            yield from _chord(at, root + 12, _BAR, 84)
        case _:
            yield from _chord(at, root + 12, 2 * PPQ, 92)
            yield from _chord(at + 2 * PPQ, root + 12, PPQ, 84)
            yield from (
                Note(at + 3 * PPQ + step * _SIXTEENTH, root + 24 + 3 * step, _SIXTEENTH, 88) for step in range(4)
            )


def _riff(player: Player, at: int, bar: int, root: int) -> Iterator[Note]:
    """Four bars of damped strokes with accents, four of held chords; a clean guitar strums."""
    is_driven = player.program in DRIVEN_PROGRAMS
    if bar % 8 >= 4:
        shape = _FIFTH if is_driven else _MINOR
        for half in (0, 2 * PPQ):
            yield from (Note(at + half, root + step, 2 * PPQ, 104) for step in shape)
    elif is_driven:
        yield from (Note(at + step * _SIXTEENTH, root, _SIXTEENTH, 96) for step in range(16) if step % 4 != 1)
        yield from (Note(at + 3 * PPQ, root + step, PPQ, 112) for step in (7, 12))
    else:
        for step in range(8):
            yield from (
                Note(at + step * _EIGHTH, root + 12 + up, _EIGHTH - 30, 100 - 12 * (step % 2)) for up in _MINOR[:4]
            )


def _chord(at: int, root: int, duration: int, velocity: int) -> Iterator[Note]:
    yield from (Note(at, root + step, duration, velocity) for step in (0, 7, 12, 15))


def _last(player: Player, at: int) -> Iterator[Note]:
    if player.role is Role.BASS:
        yield Note(at, 28, _BAR, 108)
    elif player.role in (Role.LEAD, Role.WINDS):
        yield Note(at, 76, _BAR, 104)
    else:
        low = 40 if player.role is Role.RHYTHM else 52
        yield from (Note(at, low + step, _BAR, 104) for step in _FIFTH)


def _drums(at: int, bar: int, *, is_last: bool) -> Iterator[Note]:
    if is_last:
        yield from (Note(at, pitch, PPQ, 118) for pitch in (_KICK, _SNARE, _CRASH))
        return
    if bar % 4 == 0:
        yield Note(at, _CRASH, PPQ, 112)
    cymbal = _RIDE if bar % 8 >= 4 else _HAT
    for step in range(8):
        pitch = _OPEN_HAT if cymbal == _HAT and step == 7 else cymbal
        yield Note(at + step * _EIGHTH, pitch, _EIGHTH, 94 if step % 2 == 0 else 72)
    for step in (0, 3, 4, 5, 6):
        yield Note(at + step * _EIGHTH, _KICK, _EIGHTH, 108 if step % 4 == 0 else 92)
    for beat in (1, 3):
        yield Note(at + beat * PPQ, _SNARE, _EIGHTH, 112)
    if bar % 4 == 3:
        yield from (Note(at + (12 + step) * _SIXTEENTH, tom, _SIXTEENTH, 104) for step, tom in enumerate(_TOMS))
