"""Chord names as MusicXML writes them."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from inference.music.pitch import Key
from inference.render.notation.spelling import Spelling, places_of, spell, spell_tones

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
TONES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "m7b5": (0, 3, 6, 10),
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A chord from `start` (grid units): root pitch class, the letters after it, and the bass if it is another one."""

    start: int
    root: int
    suffix: str
    bass: int

    def name(self, key: Key) -> str:
        """As musicians write it: `Em7`, `C5/G`."""
        root, bass = self._spelt(key)
        return f"{root}{self.suffix}" + ("" if self.bass == self.root else f"/{bass}")

    def write(self, measure: Element, position: int, key: Key) -> None:
        """Adds it to a bar."""
        harmony = SubElement(measure, "harmony")
        root, bass = self._spelt(key)
        _pitch(SubElement(harmony, "root"), "root", root)
        kind = SubElement(harmony, "kind", text=self.suffix)
        kind.text = _KINDS[self.suffix]
        if self.bass != self.root:
            _pitch(SubElement(harmony, "bass"), "bass", bass)
        if position:
            SubElement(harmony, "offset").text = str(position)

    def places(self, key: Key) -> dict[int, int]:
        """Its pitch classes on the line of fifths, for the notes that sound with it."""
        return places_of(self.root, TONES[self.suffix], key)

    def _spelt(self, key: Key) -> tuple[Spelling, Spelling]:
        """Root and bass; a bass that is one of the chord's tones has its name from the chord."""
        tones = TONES[self.suffix]
        names = spell_tones(self.root, tones, key)
        over = (self.bass - self.root) % 12
        return names[0], names[tones.index(over)] if over in tones else spell(60 + self.bass, key)


def _pitch(element: Element, tag: str, spelling: Spelling) -> None:
    SubElement(element, f"{tag}-step").text = spelling.letter
    if spelling.alter:
        SubElement(element, f"{tag}-alter").text = str(spelling.alter)
