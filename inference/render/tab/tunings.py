"""Tunings that guitarists and bassists know by name."""

from dataclasses import dataclass

_STANDARD = (64, 59, 55, 50, 45, 40)
_BASS = (43, 38, 33, 28)


@dataclass(frozen=True, slots=True)
class Tuning:
    """Pitches of the open strings, the thinnest first. `trouble` is what retuning to it costs against standard."""

    name: str
    strings: tuple[int, ...]
    trouble: float

    @property
    def lowest(self) -> int:
        return self.strings[-1]


def _lower(strings: tuple[int, ...], steps: int, drop: int = 0) -> tuple[int, ...]:
    """All strings `steps` semitones down, the lowest `drop` more."""
    lowered = [pitch - steps for pitch in strings]
    lowered[-1] -= drop
    return tuple(lowered)


GUITAR_TUNINGS = (
    Tuning("E standard", _STANDARD, 0),
    Tuning("drop D", _lower(_STANDARD, 0, 2), 8),
    Tuning("Eb standard", _lower(_STANDARD, 1), 20),
    Tuning("drop C#", _lower(_STANDARD, 1, 2), 20),
    Tuning("D standard", _lower(_STANDARD, 2), 14),
    Tuning("drop C", _lower(_STANDARD, 2, 2), 14),
    Tuning("C# standard", _lower(_STANDARD, 3), 24),
    Tuning("drop B", _lower(_STANDARD, 3, 2), 20),
    Tuning("C standard", _lower(_STANDARD, 4), 24),
    Tuning("drop A#", _lower(_STANDARD, 4, 2), 24),
    Tuning("B standard", _lower(_STANDARD, 5), 24),
    Tuning("drop A", _lower(_STANDARD, 5, 2), 28),
    Tuning("7 strings, B standard", (*_STANDARD, 35), 26),
    Tuning("7 strings, drop A", (*_STANDARD, 33), 28),
)
BASS_TUNINGS = (
    Tuning("E standard", _BASS, 0),
    Tuning("drop D", _lower(_BASS, 0, 2), 8),
    Tuning("Eb standard", _lower(_BASS, 1), 20),
    Tuning("D standard", _lower(_BASS, 2), 14),
    Tuning("drop C", _lower(_BASS, 2, 2), 14),
    Tuning("C# standard", _lower(_BASS, 3), 24),
    Tuning("drop B", _lower(_BASS, 3, 2), 24),
    Tuning("C standard", _lower(_BASS, 4), 24),
    Tuning("5 strings, B standard", (*_BASS, 23), 12),
    Tuning("5 strings, drop A", (*_BASS, 21), 20),
)
