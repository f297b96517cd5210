"""Score -> MusicXML 4.0, readable by every notation program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from inference.music.pitch import Key, Mode
from inference.music.score import Meter, Score
from inference.music.text import printable
from inference.music.units import GRID_PER_QUARTER, TICKS_PER_GRID
from inference.render.notation.bars import Bar, bars_of, is_compound
from inference.render.notation.measure import Pen, write_voice
from inference.render.notation.octaves import Shift, shifts_of
from inference.render.notation.percussion import stroke_of
from inference.render.notation.rhythm import Line, write_lines
from inference.render.notation.spelling import fifths_of
from inference.render.notation.staves import PERCUSSION, Part, parts_of
from inference.render.notation.symbols import Symbol

_TEMPO_STEP = 0.03
_MOST_INDENTED = 10_000  # notes; the blanks of larger scores would be megabytes
_DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands over the music; `symbols` are chord names over the first pitched part.

    `bars` is how many the song has, where that is known: what rings longer gets no bars of its own. `letters` are those
    of its sections, by their first bars, counted from 0.
    """

    title: str
    genre: str
    key: Key
    symbols: tuple[Symbol, ...] = ()
    bars: int | None = None
    letters: Mapping[int, str] = field(default_factory=dict)


def write_musicxml(score: Score, sheet: Sheet) -> bytes:
    """The whole score, one part a track, one voice a staff.

    Every note keeps its pitch and its start (rounded to what can be written); a note that sounds on under the next
    one of its staff is written up to there.
    """
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = printable(sheet.title)
    identification = SubElement(root, "identification")
    SubElement(identification, "creator", type="composer").text = f"LnH ({printable(sheet.genre)})"
    SubElement(SubElement(identification, "encoding"), "software").text = "LnH"
    parts, bars = parts_of(score), bars_of(score, sheet.bars)
    names = SubElement(root, "part-list")
    for number, part in enumerate(parts, 1):
        _list_part(names, f"P{number}", part, number)
    tempos = _tempo_marks(score, bars)
    pitched = next((number for number, part in enumerate(parts, 1) if not part.is_drum), 0)
    harmonies = tuple((symbol.start, symbol.places(sheet.key)) for symbol in sheet.symbols)
    for number, part in enumerate(parts, 1):
        element = SubElement(root, "part", id=f"P{number}")
        symbols = sheet.symbols if number == pitched else ()
        letters = sheet.letters if number == 1 else {}
        _write_part(element, part, bars, _Marks(sheet.key, tempos if number == 1 else {}, symbols, harmonies, letters))
    if score.note_count <= _MOST_INDENTED:
        ElementTree.indent(root, " ")
    content: bytes = ElementTree.tostring(root, encoding="utf-8")
    return _DOCTYPE.encode() + content


@dataclass(frozen=True, slots=True)
class _Marks:
    """The key, and what stands over a part: tempos by bar (position in grid units, quarters a minute), chord names, and
    the letters of sections by bar.

    `harmonies` are for spelling: where they start, and where their tones stand on the line of fifths.
    """

    key: Key
    tempos: dict[int, list[tuple[int, float]]]
    symbols: tuple[Symbol, ...]
    harmonies: tuple[tuple[int, dict[int, int]], ...]
    letters: Mapping[int, str]


def _list_part(names: Element, id: str, part: Part, number: int) -> None:
    entry = SubElement(names, "score-part", id=id)
    SubElement(entry, "part-name").text = part.name
    SubElement(entry, "part-abbreviation").text = _abbreviation(part.name)
    channel = str(10 if part.is_drum else (number - 1) % 15 + 1 + ((number - 1) % 15 >= 9))
    drums = sorted({note.pitch for note in part.staves[0].notes}) if part.is_drum else []
    for pitch in drums:
        instrument = SubElement(entry, "score-instrument", id=f"{id}-I{pitch}")
        SubElement(instrument, "instrument-name").text = stroke_of(pitch).name
    if not drums:
        SubElement(SubElement(entry, "score-instrument", id=f"{id}-I1"), "instrument-name").text = part.name
    for suffix in drums or [1]:
        midi = SubElement(entry, "midi-instrument", id=f"{id}-I{suffix}")
        SubElement(midi, "midi-channel").text = channel
        SubElement(midi, "midi-program").text = str(1 if part.is_drum else part.program + 1)
        if part.is_drum:
            SubElement(midi, "midi-unpitched").text = str(suffix + 1)


def _abbreviation(name: str) -> str:
    words = name.split()
    return f"{name[:2]}." if len(words) == 1 else "".join(f"{word[0].upper()}." for word in words[:3])


def _tempo_marks(score: Score, bars: Sequence[Bar]) -> dict[int, list[tuple[int, float]]]:
    """Tempos that a reader would notice, by the number of their bar."""
    marks: dict[int, list[tuple[int, float]]] = {}
    last, index = 0.0, 0
    for change in score.tempos:
        at = change.tick // TICKS_PER_GRID
        if abs(change.tempo - last) <= last * _TEMPO_STEP or at >= bars[-1].end:
            continue
        while bars[index].end <= at:
            index += 1
        marks.setdefault(index, []).append((at - bars[index].start, change.tempo))
        last = change.tempo
    return marks


def _write_part(element: Element, part: Part, bars: Sequence[Bar], marks: _Marks) -> None:
    staves = [write_lines(staff.notes, bars, hits=part.is_drum) for staff in part.staves]
    shifts = [shifts_of(lines, staff.clef) for lines, staff in zip(staves, part.staves, strict=True)]
    for index, bar in enumerate(bars):
        measure = SubElement(element, "measure", number=str(index + 1))
        if index == 0 or bar.meter != bars[index - 1].meter:
            _attributes(measure, part, bar, None if index else marks.key)
        if index in marks.letters:
            _rehearsal(measure, marks.letters[index])
        for position, tempo in marks.tempos.get(index, ()):
            _tempo(measure, position, tempo, bar.meter)
        for symbol in marks.symbols:
            if bar.start <= symbol.start < bar.end:
                symbol.write(measure, symbol.start - bar.start, marks.key)
        for number, lines in enumerate(staves, 1):
            if number > 1:
                SubElement(SubElement(measure, "backup"), "duration").text = str(bar.edges[-1])
            staff = number if len(staves) > 1 else None
            pen = Pen(element.attrib["id"], None if part.is_drum else marks.key, staff, marks.harmonies)
            _write_shifted(measure, lines[index], pen, _around(shifts[number - 1], index))
        if index == len(bars) - 1:
            SubElement(SubElement(measure, "barline", location="right"), "bar-style").text = "light-heavy"


def _around(shifts: Sequence[Shift | None], index: int) -> tuple[Shift | None, Shift | None, Shift | None]:
    """Those of the bar before, of the bar, and of the bar behind it."""
    padded = (None, *shifts, None)
    return padded[index], padded[index + 1], padded[index + 2]


def _write_shifted(
    measure: Element, line: Line, pen: Pen, around: tuple[Shift | None, Shift | None, Shift | None]
) -> None:
    """A bar of one staff between the ends of a line for other octaves that start or stop in it."""
    before, shift, after = around
    if shift is not None and shift != before:
        shift.start(measure, pen.staff)
    write_voice(measure, line, pen)
    if shift is not None and shift != after:
        shift.stop(measure, pen.staff)


def _attributes(measure: Element, part: Part, bar: Bar, key: Key | None) -> None:
    """`key` is None for a mere change of meter."""
    attributes = SubElement(measure, "attributes")
    if key is not None:
        SubElement(attributes, "divisions").text = str(GRID_PER_QUARTER)
        signature = SubElement(attributes, "key")
        SubElement(signature, "fifths").text = "0" if part.is_drum else str(fifths_of(key))
        SubElement(signature, "mode").text = "minor" if key.mode is Mode.MINOR else "major"
    time = SubElement(attributes, "time")
    SubElement(time, "beats").text = str(bar.meter.numerator)
    SubElement(time, "beat-type").text = str(bar.meter.denominator)
    if key is None:
        return
    if len(part.staves) > 1:
        SubElement(attributes, "staves").text = str(len(part.staves))
    for number, staff in enumerate(part.staves, 1):
        clef = SubElement(attributes, "clef", {"number": str(number)} if len(part.staves) > 1 else {})
        SubElement(clef, "sign").text = staff.clef.sign
        if staff.clef is not PERCUSSION:
            SubElement(clef, "line").text = str(staff.clef.line)
        if staff.clef.octaves:
            SubElement(clef, "clef-octave-change").text = str(staff.clef.octaves)


def _rehearsal(measure: Element, letter: str) -> None:
    direction = SubElement(measure, "direction", placement="above")
    SubElement(SubElement(direction, "direction-type"), "rehearsal").text = letter


def _tempo(measure: Element, position: int, tempo: float, meter: Meter) -> None:
    direction = SubElement(measure, "direction", placement="above")
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    SubElement(metronome, "beat-unit").text = "quarter"
    if is_compound(meter):
        SubElement(metronome, "beat-unit-dot")
    SubElement(metronome, "per-minute").text = f"{tempo / 1.5 if is_compound(meter) else tempo:.0f}"
    if position:
        SubElement(direction, "offset", sound="yes").text = str(position)
    SubElement(direction, "sound", tempo=f"{tempo:.3f}".rstrip("0").rstrip("."))
