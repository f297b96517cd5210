"""How pitches are spelt in a key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inference.music.pitch import Key, Mode

_LETTERS_BY_FIFTHS = "FCGDAEB"
_STEP_OF_LETTER = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MAJOR_FIFTHS = {0: 0, 7: 1, 2: 2, 9: 3, 4: 4, 11: 5, 6: 6, 1: -5, 8: -4, 3: -3, 10: -2, 5: -1}
_MINOR_TO_MAJOR = 3
_E_FLAT_MINOR = Key(3, Mode.MINOR)
# Lowest place on the line of fifths that is used, against the key's own number of sharps: a minor key raises its
# sixth and seventh degree more often than it lowers anything.
_LOWEST = {Mode.MAJOR: -3, Mode.MINOR: -2}
_FLATS, _SHARPS = -8, 12  # F flat and B sharp; beyond them stand the double signs
_ROOTS = range(-7, 11)  # C flat to A sharp: nobody names a chord after E sharp
_FIFTHS_OF_TONE = {0: 0, 2: 2, 3: -3, 4: 4, 5: -1, 6: -6, 7: 1, 8: 8, 10: -2, 11: 5}


@dataclass(frozen=True, slots=True)
class Spelling:
    """A written pitch: letter, -2 double flat to 2 double sharp, octave (4 is that of middle C)."""

    letter: str
    alter: int
    octave: int

    def __str__(self) -> str:
        return self.letter + ("#" * self.alter if self.alter >= 0 else "b" * -self.alter)


def fifths_of(key: Key) -> int:
    """Sharps of the key signature, negative for flats."""
    if key == _E_FLAT_MINOR:
        return -6  # its relative is G flat; as a major key, F sharp is what bands say
    tonic = key.tonic if key.mode is Mode.MAJOR else (key.tonic + _MINOR_TO_MAJOR) % 12
    return _MAJOR_FIFTHS[tonic]


def spell(pitch: int, key: Key, along: Iterable[int] = ()) -> Spelling:
    """The way to write a MIDI pitch that is nearest to the key on the line of fifths.

    The tone that is farthest on the side of the sharps becomes a flat where its own fifth sounds `along`: in E minor it
    is A sharp on the way to B, but the root of B flat five.
    """
    return _written(pitch, _place(pitch, key, along))


def spell_chord(pitches: Sequence[int], key: Key, harmony: Mapping[int, int] | None = None) -> list[Spelling]:
    """Each of some pitches that sound together: two of them share a line only where nothing else can be written.

    What belongs to the `harmony` around them (from `places_of`) is written as the harmony's name says.
    """
    known = harmony or {}
    places = [known[pitch % 12] if pitch % 12 in known else _place(pitch, key, pitches) for pitch in pitches]
    for index, pitch in enumerate(pitches):
        taken = [_line(other, places[at]) for at, other in enumerate(pitches) if at != index and other != pitch]
        if _line(pitch, places[index]) in taken and _strangeness(places[index], key):
            others = [place for place in (places[index] - 12, places[index] + 12) if _FLATS <= place <= _SHARPS]
            places[index] = next((place for place in others if _line(pitch, place) not in taken), places[index])
    return [_written(pitch, place) for pitch, place in zip(pitches, places, strict=True)]


def spell_tones(root: int, tones: Sequence[int], key: Key) -> list[Spelling]:
    """The tones of a chord, as `places_of` has them, root first."""
    places = places_of(root, tones, key)
    return [_written(60 + (root + tone) % 12, places[(root + tone) % 12]) for tone in tones]


def places_of(root: int, tones: Sequence[int], key: Key) -> dict[int, int]:
    """Where a chord's pitch classes stand on the line of fifths: in thirds over a root near the key.

    Args:
        root: pitch class.
        tones: semitones over the root, which comes first as 0.
        key: of the song.
    """
    usual = _place(60 + root, key, [60 + root + tone for tone in tones])
    roots = [place for place in (usual, usual - 12, usual + 12) if place in _ROOTS]
    fifths = [_FIFTHS_OF_TONE[tone] for tone in tones]
    best = min(roots, key=lambda place: sum(_strangeness(place + more, key) for more in fifths))
    return {(root + tone) % 12: best + more for tone, more in zip(tones, fifths, strict=True)}


def _place(pitch: int, key: Key, along: Iterable[int]) -> int:
    """On the line of fifths, where C is 0, G is 1 and F is -1."""
    lowest = fifths_of(key) + _LOWEST[key.mode]
    is_farthest = (lowest + 11) * 7 % 12 == pitch % 12
    if is_farthest and any((one - pitch) % 12 == 7 for one in along):
        lowest -= 1
    return next(place for place in range(lowest, lowest + 12) if place * 7 % 12 == pitch % 12)


def _written(pitch: int, place: int) -> Spelling:
    alter, letter = divmod(place + 1, 7)
    name = _LETTERS_BY_FIFTHS[letter]
    octave = (pitch - _STEP_OF_LETTER[name] - alter) // 12 - 1
    return Spelling(name, alter, octave)


def _line(pitch: int, place: int) -> tuple[str, int]:
    spelling = _written(pitch, place)
    return spelling.letter, spelling.octave


def _strangeness(place: int, key: Key) -> int:
    """How far from the key's own seven tones; signs that nobody likes to read count more."""
    lowest = fifths_of(key) - 1
    beyond = max(0, lowest - place, place - lowest - 6)
    is_raised = key.mode is Mode.MINOR and place in (lowest + 7, lowest + 9)  # the sixth and the seventh degree
    unloved = 6 if place < _FLATS or place > _SHARPS else 2 if place < _FLATS + 2 or place > _SHARPS - 2 else 0
    return (1 if is_raised else beyond) + unloved
