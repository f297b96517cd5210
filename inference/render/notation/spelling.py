"""How pitches are spelt in a key."""

from collections.abc import Iterable
from dataclasses import dataclass

from inference.music.pitch import Key, Mode

_LETTERS_BY_FIFTHS = "FCGDAEB"
_STEP_OF_LETTER = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MAJOR_FIFTHS = {0: 0, 7: 1, 2: 2, 9: 3, 4: 4, 11: 5, 6: 6, 1: -5, 8: -4, 3: -3, 10: -2, 5: -1}
_MINOR_TO_MAJOR = 3
# Lowest place on the line of fifths that is used, against the key's own number of sharps: a minor key raises its
# sixth and seventh degree more often than it lowers anything.
_LOWEST = {Mode.MAJOR: -3, Mode.MINOR: -2}


@dataclass(frozen=True, slots=True)
class Spelling:
    """A written pitch: letter, -1 flat to 1 sharp (2 for double), octave (4 is that of middle C)."""

    letter: str
    alter: int
    octave: int

    def __str__(self) -> str:
        return self.letter + ("#" * self.alter if self.alter >= 0 else "b" * -self.alter)


def fifths_of(key: Key) -> int:
    """Sharps of the key signature, negative for flats."""
    tonic = key.tonic if key.mode is Mode.MAJOR else (key.tonic + _MINOR_TO_MAJOR) % 12
    return _MAJOR_FIFTHS[tonic]


def spell(pitch: int, key: Key, along: Iterable[int] = ()) -> Spelling:
    """The way to write a MIDI pitch that is nearest to the key on the line of fifths.

    The tone that is farthest on the side of the sharps becomes a flat where its own fifth sounds `along`: in E minor it
    is A sharp on the way to B, but the root of B flat five.
    """
    lowest = fifths_of(key) + _LOWEST[key.mode]
    is_farthest = (lowest + 11) * 7 % 12 == pitch % 12
    if is_farthest and any((one - pitch) % 12 == 7 for one in along):
        lowest -= 1
    place = next(place for place in range(lowest, lowest + 12) if place * 7 % 12 == pitch % 12)
    alter, letter = divmod(place + 1, 7)
    name = _LETTERS_BY_FIFTHS[letter]
    octave = (pitch - _STEP_OF_LETTER[name] - alter) // 12 - 1
    return Spelling(name, alter, octave)
