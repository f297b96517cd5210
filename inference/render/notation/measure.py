"""One voice of one bar as MusicXML notes and rests."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from inference.music.pitch import Key
from inference.music.score import Note
from inference.music.units import TICKS_PER_GRID
from inference.render.notation.accidentals import Accidentals
from inference.render.notation.bars import Bar
from inference.render.notation.beams import Stem, beams_of
from inference.render.notation.percussion import stroke_of
from inference.render.notation.rhythm import Line
from inference.render.notation.spelling import Spelling, spell_chord
from inference.render.notation.values import Piece, pieces

_EARLY = 2  # grid units by which a note may be played before the harmony that it belongs to
_TYPES = {1: "whole", 2: "half", 4: "quarter", 8: "eighth", 16: "16th", 32: "32nd"}


@dataclass(frozen=True, slots=True)
class Written:
    """A value with the notes it stands for (none: a rest), how it is tied, and whether it rings on after the end."""

    piece: Piece
    notes: tuple[Note, ...] = ()
    tied_back: bool = False
    tied_on: bool = False
    rings: bool = False


@dataclass(frozen=True, slots=True)
class Pen:
    """What a voice is written with: the part's id, the key for spelling (None: drums), the staff if there are two.

    `harmonies` are those of the song: where they start (grid units), and where their tones stand on the line of fifths.
    """

    part: str
    key: Key | None
    staff: int | None = None
    harmonies: tuple[tuple[int, Mapping[int, int]], ...] = ()

    @property
    def voice(self) -> str:
        return str(1 if self.staff is None else 4 * self.staff - 3)

    def names(self, one: Written) -> Sequence[Spelling | None]:
        """How the notes of a value are spelt, drums not: as the harmony wants it in which they start, however long."""
        if self.key is None or not one.notes:
            return [None] * len(one.notes)
        start = min(note.tick for note in one.notes) / TICKS_PER_GRID + _EARLY
        known = bisect_right(self.harmonies, start, key=lambda harmony: harmony[0])
        return spell_chord(
            [note.pitch for note in one.notes], self.key, self.harmonies[known - 1][1] if known else None
        )


def fill_bar(line: Line) -> list[Written]:
    """The bar from end to end; empty for a bar without notes, which is one rest whatever its length."""
    written: list[Written] = []
    at = 0
    for chord in line.chords:
        written += [Written(rest) for rest in pieces(line.bar, at, chord.start, line.triplets, rest=True)]
        values = list(pieces(line.bar, chord.start, chord.end, line.triplets))
        for place, value in enumerate(values):
            back = chord.begun or place > 0
            is_last = place == len(values) - 1
            on = chord.held or not is_last
            written.append(Written(value, chord.notes, back, on, chord.rings and is_last))
        at = chord.end
    if line.chords:
        written += [Written(rest) for rest in pieces(line.bar, at, line.bar.edges[-1], line.triplets, rest=True)]
    return written


def rests_of(bar: Bar) -> list[Written]:
    """Rests from end to end of a bar, for formats that know no rest of a whole bar."""
    return [Written(rest) for rest in pieces(bar, 0, bar.edges[-1], frozenset(), rest=True)]


def write_voice(measure: Element, line: Line, pen: Pen) -> None:
    """Adds a bar's notes and rests to the MusicXML element `measure`."""
    written = fill_bar(line)
    if not written:
        rest = SubElement(measure, "note")
        SubElement(rest, "rest", measure="yes")
        SubElement(rest, "duration").text = str(line.bar.edges[-1])
        SubElement(rest, "voice").text = pen.voice
        if pen.staff is not None:
            SubElement(rest, "staff").text = str(pen.staff)
        return
    beats = [line.bar.beat_at(one.piece.position) for one in written]
    stems = [Stem(beat, one.piece.value.flags, is_rest=not one.notes) for beat, one in zip(beats, written, strict=True)]
    beams = beams_of(stems)
    brackets = _brackets(written, beats)
    signs = None if pen.key is None else Accidentals(pen.key)
    for one, joined, bracket in zip(written, beams, brackets, strict=True):
        if not one.notes:
            rest = SubElement(measure, "note")
            SubElement(rest, "rest")
            _finish(rest, one, pen, None)
            _mark(rest, (), bracket)
        names = pen.names(one)
        for number, (note, name) in enumerate(zip(one.notes, names, strict=True)):
            head = _head(measure, note, name)
            if number:
                head.insert(0, Element("chord"))
            sign = signs.sign(name) if signs and name and not one.tied_back else None
            _finish(head, one, pen, (note, sign))
            _mark(head, joined if number == 0 else (), bracket if number == 0 else ())


def _head(measure: Element, note: Note, name: Spelling | None) -> Element:
    """A note with its place on the staff; without a name it is a drum."""
    element = SubElement(measure, "note")
    if name is None:
        stroke = stroke_of(note.pitch)
        place = SubElement(element, "unpitched")
        SubElement(place, "display-step").text = stroke.step
        SubElement(place, "display-octave").text = str(stroke.octave)
        return element
    pitch = SubElement(element, "pitch")
    SubElement(pitch, "step").text = name.letter
    if name.alter:
        SubElement(pitch, "alter").text = str(name.alter)
    SubElement(pitch, "octave").text = str(name.octave)
    return element


def _finish(element: Element, one: Written, pen: Pen, signed: tuple[Note, str | None] | None) -> None:
    """Everything after the pitch up to the staff, in the order MusicXML wants it; `signed` is a note and its sign."""
    note, sign = signed or (None, None)
    value, drum = one.piece.value, note is not None and pen.key is None
    SubElement(element, "duration").text = str(value.units)
    if note is not None:
        _ties(element, "tie", one)
    if note is not None and drum:
        SubElement(element, "instrument", id=f"{pen.part}-I{note.pitch}")
    SubElement(element, "voice").text = pen.voice
    SubElement(element, "type").text = _TYPES[value.denominator]
    if value.dotted:
        SubElement(element, "dot")
    if sign is not None:
        SubElement(element, "accidental").text = sign
    if value.triplet:
        modification = SubElement(element, "time-modification")
        SubElement(modification, "actual-notes").text = "3"
        SubElement(modification, "normal-notes").text = "2"
    if note is not None and drum:
        _stick(element, note)
    if pen.staff is not None:
        SubElement(element, "staff").text = str(pen.staff)
    if note is not None and (one.tied_back or one.tied_on or one.rings):
        notations = SubElement(element, "notations")
        _ties(notations, "tied", one)
        if one.rings:
            SubElement(notations, "tied", type="let-ring")


def _stick(element: Element, note: Note) -> None:
    """Stem and head of a drum's note."""
    SubElement(element, "stem").text = "up"
    head = stroke_of(note.pitch).head
    if head != "normal":
        SubElement(element, "notehead").text = head


def _mark(element: Element, beams: Sequence[str], brackets: Sequence[str]) -> None:
    """Beams (before the notations, if there are any) and the brackets of triplets."""
    notations = element.find("notations")
    if notations is not None:
        element.remove(notations)
    for level, beam in enumerate(beams, 1):
        SubElement(element, "beam", number=str(level)).text = beam
    if notations is None and not brackets:
        return
    if notations is None:
        notations = SubElement(element, "notations")
    else:
        element.append(notations)
    for mark in brackets:
        SubElement(notations, "tuplet", type=mark, number="1")


def _ties(element: Element, tag: str, one: Written) -> None:
    if one.tied_back:
        SubElement(element, tag, type="stop")
    if one.tied_on:
        SubElement(element, tag, type="start")


def _brackets(written: Sequence[Written], beats: Sequence[int]) -> list[tuple[str, ...]]:
    """Where the brackets over triplets start and stop: one a beat."""
    triplets = [one.piece.value.triplet for one in written]
    marks: list[tuple[str, ...]] = []
    for place, inside in enumerate(triplets):
        first = inside and (place == 0 or not triplets[place - 1] or beats[place - 1] != beats[place])
        last = inside and (place + 1 == len(written) or not triplets[place + 1] or beats[place + 1] != beats[place])
        marks.append((("start",) if first else ()) + (("stop",) if last else ()))
    return marks
