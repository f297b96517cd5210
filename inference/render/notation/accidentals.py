"""Which notes need a sign before them."""

from inference.music.pitch import Key
from inference.render.notation.spelling import Spelling, fifths_of

_SHARPS = "FCGDAEB"
_SIGNS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


class Accidentals:
    """What is in force on one staff in one bar: the key's signature at first, then what was written."""

    def __init__(self, key: Key) -> None:
        fifths = fifths_of(key)
        signed = _SHARPS[:fifths] if fifths >= 0 else _SHARPS[fifths:]
        self._key = dict.fromkeys(signed, 1 if fifths >= 0 else -1)
        self._written: dict[tuple[str, int], int] = {}

    def sign(self, spelling: Spelling) -> str | None:
        """The sign that a new note needs, by its name in MusicXML; it holds until the bar is over."""
        place = (spelling.letter, spelling.octave)
        if spelling.alter == self._written.get(place, self._key.get(spelling.letter, 0)):
            return None
        self._written[place] = spelling.alter
        return _SIGNS[spelling.alter]
