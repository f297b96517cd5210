"""Where a staff is written an octave or two lower than it sounds, because it would need many lines above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from inference.render.notation.rhythm import Line
from inference.render.notation.staves import BASS, TREBLE, Clef

_TOP_LINE = {TREBLE.sign: 77, BASS.sign: 57}  # written pitches
_FAR, _FARTHER = 11, 23  # semitones above the staff: three lines; five and more even with an octave taken off
_INSIDE = 5  # semitones by which notes of such a bar may reach into the staff


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many octaves it sounds above what is written: 8va is 1, 15ma is 2."""

    octaves: int

    def start(self, measure: Element, staff: int | None) -> None:
        """Adds the beginning of the dashed line to a bar."""
        self._mark(measure, staff, "down")

    def stop(self, measure: Element, staff: int | None) -> None:
        """Adds its end."""
        self._mark(measure, staff, "stop")

    def _mark(self, measure: Element, staff: int | None, kind: str) -> None:
        direction = SubElement(measure, "direction", placement="above")
        size = str(7 * self.octaves + 1)
        SubElement(SubElement(direction, "direction-type"), "octave-shift", type=kind, size=size)
        if staff is not None:
            SubElement(direction, "staff").text = str(staff)


def shifts_of(lines: Sequence[Line], clef: Clef) -> list[Shift | None]:
    """One a bar. A bar without notes goes on as the one before if the next one does."""
    if clef.sign not in _TOP_LINE:
        return [None] * len(lines)
    wanted = [_octaves(line, clef) for line in lines]
    shifts: list[Shift | None] = []
    for octaves, group in groupby(_bridged(wanted)):
        shifts += [Shift(octaves) if octaves else None] * len(list(group))
    return shifts


def _octaves(line: Line, clef: Clef) -> int | None:
    """None for a bar without notes."""
    pitches = [note.pitch - 12 * clef.octaves for chord in line.chords for note in chord.notes]
    if not pitches:
        return None
    top = _TOP_LINE[clef.sign]
    low, high = min(pitches), max(pitches)
    if high >= top + _FARTHER and low >= top - _INSIDE + 12:
        return 2
    return 1 if high >= top + _FAR and low >= top - _INSIDE else 0


def _bridged(wanted: Sequence[int | None]) -> list[int]:
    """Rests between two bars that are written alike are written so too."""
    found: list[int] = []
    for place, octaves in enumerate(wanted):
        if octaves is not None:
            found.append(octaves)
            continue
        following = next((one for one in wanted[place:] if one is not None), 0)
        found.append(following if found and found[-1] == following else 0)
    return found
