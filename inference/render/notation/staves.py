"""Which staves a score needs: clefs that suit the instruments, two staves for a pair of hands."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inference.music.program import GM_PROGRAM_NAMES, Role
from inference.music.score import Note, Score, Track
from inference.music.text import one_line

_MIDDLE_C = 60
_BOTH_HANDS = (52, 67)
_HANDS = frozenset({*range(8), *range(8, 15), *range(16, 21), 21, 23, 46})
_GUITARS, _BASSES = range(24, 32), range(32, 40)
_SECTIONS = frozenset({Role.KEYS, Role.STRINGS, Role.WINDS, Role.SYNTH, Role.OTHER})
# Families of General MIDI from the top of a page to its foot: winds, synth leads, guitars, keys, strings, pads, bass.
_FROM_THE_TOP = (9, 8, 7, 10, 13, 3, 1, 0, 2, 6, 5, 11, 12, 14, 15, 4)


@dataclass(frozen=True, slots=True)
class Clef:
    """Sign and line as MusicXML names them; `octaves` is -1 where the music sounds an octave lower than written."""

    sign: str
    line: int
    octaves: int = 0


TREBLE, BASS, PERCUSSION = Clef("G", 2), Clef("F", 4), Clef("percussion", 2)
_WITHIN = {TREBLE: (62, 79), BASS: (41, 59)}  # the pitches that need no line beside the staff
_GUITAR, _LOW_BASS = Clef("G", 2, -1), Clef("F", 4, -1)


@dataclass(frozen=True, slots=True)
class Staff:
    """The notes of one staff, in time order."""

    clef: Clef
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One player: name, General MIDI program and one or two staves."""

    name: str
    program: int
    is_drum: bool
    staves: tuple[Staff, ...]


def parts_of(score: Score) -> list[Part]:
    """A part for each track with notes, in the order of a page; names that come twice are numbered."""
    seen: dict[str, int] = {}
    parts = []
    for track in in_page_order(score.tracks):
        name = _name(track)
        seen[name] = seen.get(name, 0) + 1
        numbered = name if seen[name] == 1 else f"{name} {seen[name]}"
        parts.append(Part(numbered, track.program, track.is_drum, tuple(_staves(track))))
    return parts


def in_page_order(tracks: Iterable[Track]) -> list[Track]:
    """Those with notes as printed scores have them: what leads on top, bass and drums at the foot.

    Within a family of instruments, the higher part stands over the lower one.
    """

    def place(track: Track) -> tuple[bool, int, float]:
        height = sum(note.pitch for note in track.notes) / len(track.notes)
        return track.is_drum, _FROM_THE_TOP.index(track.program % 128 // 8), -height

    return sorted((track for track in tracks if track.notes), key=place)


def _name(track: Track) -> str:
    """What the track is called; its instrument where that says only to which section it belongs."""
    clean = one_line(track.name)
    if clean and (track.is_drum or clean.casefold() not in _SECTIONS):
        return clean[:40]
    return "Drums" if track.is_drum else GM_PROGRAM_NAMES[track.program % 128]


def _staves(track: Track) -> Iterator[Staff]:
    pitches = [note.pitch for note in track.notes]
    if track.is_drum:
        yield Staff(PERCUSSION, track.notes)
    elif track.program in _GUITARS:
        yield Staff(_GUITAR, track.notes)
    elif track.program in _BASSES:
        yield Staff(_LOW_BASS, track.notes)
    elif track.program in _HANDS and min(pitches) < _BOTH_HANDS[0] and max(pitches) > _BOTH_HANDS[1]:
        yield Staff(TREBLE, tuple(note for note in track.notes if note.pitch >= _MIDDLE_C))
        yield Staff(BASS, tuple(note for note in track.notes if note.pitch < _MIDDLE_C))
    else:
        yield Staff(min((TREBLE, BASS), key=lambda clef: _ledger_lines(pitches, clef)), track.notes)


def _ledger_lines(pitches: list[int], clef: Clef) -> int:
    """About how many lines beside the staff all notes need; three semitones and a half lie between two lines."""
    low, high = _WITHIN[clef]
    return sum(math.ceil(max(0, low - pitch, pitch - high) / 3.5) for pitch in pitches)
