"""Chord names as MusicXML writes them."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from inference.music.pitch import Key
from inference.render.notation.spelling import Spelling, spell

_KINDS = {
    "": "major",
    "m": "minor",
    "5": "power",
    "7": "dominant",
    "maj7": "major-seventh",
    "m7": "minor-seventh",
    "dim": "diminished",
    "aug": "augmented",
    "sus4": "suspended-fourth",
    "sus2": "suspended-second",
    "m7b5": "half-diminished",
}
_BENT_FIFTHS = frozenset({"dim", "aug", "m7b5"})


@dataclass(frozen=True, slots=True)
class Symbol:
    """A chord from `start` (grid units): root pitch class, the letters after it, and the bass if it is another one."""

    start: int
    root: int
    suffix: str
    bass: int

    def name(self, key: Key) -> str:
        """As musicians write it: `Em7`, `C5/G`."""
        slash = "" if self.bass == self.root else f"/{spell(60 + self.bass, key, self._pitches)}"
        return f"{spell(60 + self.root, key, self._pitches)}{self.suffix}{slash}"

    def write(self, measure: Element, position: int, key: Key) -> None:
        """Adds it to a bar."""
        harmony = SubElement(measure, "harmony")
        _pitch(SubElement(harmony, "root"), "root", spell(60 + self.root, key, self._pitches))
        kind = SubElement(harmony, "kind", text=self.suffix)
        kind.text = _KINDS[self.suffix]
        if self.bass != self.root:
            _pitch(SubElement(harmony, "bass"), "bass", spell(60 + self.bass, key, self._pitches))
        if position:
            SubElement(harmony, "offset").text = str(position)

    @property
    def _pitches(self) -> tuple[int, ...]:
        """Root and fifth, which decide how the root is spelt."""
        return (self.root,) if self.suffix in _BENT_FIFTHS else (self.root, self.root + 7)


def _pitch(element: Element, tag: str, spelling: Spelling) -> None:
    SubElement(element, f"{tag}-step").text = spelling.letter
    if spelling.alter:
        SubElement(element, f"{tag}-alter").text = str(spelling.alter)
