"""Pitch classes, keys and their names."""

import re
from dataclasses import dataclass
from enum import StrEnum

from inference.music.errors import InvalidSpec

PITCH_CLASS_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KEY_TEXT = re.compile(r"\s*([A-Ga-g])\s*([#♯b♭]?)\s*-?\s*(m|min|minor|maj|major|M)?\s*$")
MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11)
MINOR_STEPS = (0, 2, 3, 5, 7, 8, 10)


class Mode(StrEnum):
    MAJOR = "major"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Key:
    """A major or natural minor key. `tonic` is a pitch class, 0 (C) to 11 (B)."""

    tonic: int
    mode: Mode

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise InvalidSpec("key", f"a tonic is a pitch class from 0 to 11, not {self.tonic}")

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Reads `Em`, `E minor`, `F#`, `Bb major`. Raises InvalidSpec otherwise."""
        match = _KEY_TEXT.match(text)
        if match is None:
            raise InvalidSpec("key", f"“{text}” is not a key; write one such as Em, F#m, C or Bb major")
        letter, accidental, mode = match.groups()
        shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[accidental]
        minor = mode in ("m", "min", "minor")
        return cls((_PITCH_CLASSES[letter.upper()] + shift) % 12, Mode.MINOR if minor else Mode.MAJOR)

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The seven pitch classes of the scale."""
        steps = MINOR_STEPS if self.mode is Mode.MINOR else MAJOR_STEPS
        return frozenset((self.tonic + step) % 12 for step in steps)

    def __str__(self) -> str:
        return PITCH_CLASS_NAMES[self.tonic] + ("m" if self.mode is Mode.MINOR else "")
