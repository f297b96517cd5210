import base64
import io
import random
import re
import zipfile
from dataclasses import replace
from xml.etree.ElementTree import fromstring as parse

import pypdf
import pytest
import symusic
import verovio
from PIL import Image

from inference.music.pitch import Key
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.render import optional
from inference.render.errors import RenderFailed, ScoreTooLarge
from inference.render.notation.bars import bars_of, tempo_in_words
from inference.render.notation.engrave import Pages, engrave
from inference.render.notation.measure import fill_bar
from inference.render.notation.musicxml import Sheet, write_musicxml
from inference.render.notation.rhythm import write_lines
from inference.render.notation.spelling import spell
from inference.render.notation.staves import in_page_order
from inference.render.notation.symbols import Symbol
from tests.fakes.scores import quartet_score, single_note_score

E_MINOR = Key.parse("Em")


def read_back(musicxml: bytes) -> list[list[tuple[float, int]]]:
    """(Start in quarters, pitch) of each part, as verovio understands the file and symusic its MIDI."""
    toolkit = verovio.toolkit()
    assert toolkit.loadData(musicxml.decode())
    midi = symusic.Score.from_midi(base64.b64decode(toolkit.renderToMIDI()))
    resolution = midi.ticks_per_quarter
    return [sorted((round(note.time / resolution, 2), note.pitch) for note in track.notes) for track in midi.tracks]


def played(score: Score) -> list[list[tuple[float, int]]]:
    """The same of the notes themselves, in the order of a page."""
    tracks = in_page_order(score.tracks)
    return [sorted((round(note.tick / PPQ, 2), note.pitch) for note in track.notes) for track in tracks]


def melody(*notes: tuple[float, float], meter: Meter | None = None, program: int = 80) -> Score:
    """Notes of (start, length) in quarters."""
    written = tuple(
        Note(round(at * PPQ), 64 + 2 * (i % 5), round(long * PPQ), 90) for i, (at, long) in enumerate(notes)
    )
    return Score((Track("Tune", program, False, written),), meters=(MeterChange(0, meter or Meter()),))


def test_another_program_reads_every_note_of_every_part_where_it_was_played() -> None:
    score = quartet_score(16)
    assert read_back(write_musicxml(score, Sheet("Ashes", "Metal", E_MINOR))) == played(score)


def test_triplets_dots_syncopation_and_thirty_seconds_keep_their_places() -> None:
    third = 1 / 3
    score = melody(
        (0, third), (third, third), (2 * third, third),  # a triplet
        (1, 0.75), (1.75, 0.25), (2, 0.5), (2.5, 1), (3.5, 0.125), (3.625, 0.125), (3.75, 0.25),
        (4, 2 * third), (4 + 2 * third, third), (5, 3), (8, 6.5),
    )  # fmt: skip
    assert read_back(write_musicxml(score, Sheet("", "", E_MINOR))) == played(score)


@pytest.mark.parametrize("meter", ["3/4", "6/8", "7/8", "5/4", "12/8", "2/2", "3/16"])
def test_every_bar_of_every_meter_is_filled_to_the_brim(meter: str) -> None:
    rng = random.Random(meter)
    places = sorted({rng.randrange(96) / 4 for _ in range(40)})
    score = melody(*((at, rng.choice((0.25, 0.5, 1, 1.5))) for at in places), meter=Meter.parse(meter))
    lines = write_lines(score.tracks[0].notes, bars_of(score))
    for line in lines:
        written = fill_bar(line)
        ends = [0, *(one.piece.end for one in written)]
        assert [one.piece.position for one in written] == ends[:-1]
        assert ends[-1] in (line.bar.edges[-1], 0)
    assert read_back(write_musicxml(score, Sheet("", "", E_MINOR))) == played(score)


def test_a_hand_that_is_a_little_late_is_written_on_the_beat() -> None:
    score = melody((0.02, 0.4), (1.03, 0.4), (1.49, 0.4), (2.02, 1.9))
    starts = [chord.start for line in write_lines(score.tracks[0].notes, bars_of(score)) for chord in line.chords]
    assert starts == [0, 24, 36, 48]


def test_two_hands_get_two_staves_and_lose_no_note() -> None:
    notes = tuple(sorted(Note(beat * PPQ, pitch, PPQ, 80) for beat in range(8) for pitch in (40, 47, 64, 72)))
    score = Score((Track("Piano", 0, False, notes),))
    xml = write_musicxml(score, Sheet("", "", Key.parse("C")))
    assert parse(xml).findtext(".//staves") == "2"
    assert [sorted(note for part in read_back(xml) for note in part)] == played(score)


def test_a_change_of_meter_and_tempo_stands_where_it_happens() -> None:
    score = Score(
        (Track("Tune", 80, False, tuple(Note(beat * PPQ, 70, PPQ, 80) for beat in range(11))),),
        (TempoChange(0, 120.0), TempoChange(4 * PPQ, 90.0)),
        (MeterChange(0, Meter()), MeterChange(4 * PPQ, Meter(7, 8))),
    )
    root = parse(write_musicxml(score, Sheet("", "", E_MINOR)))
    second = root.findall(".//measure")[1]
    assert (second.findtext(".//beats"), second.findtext(".//beat-type")) == ("7", "8")
    assert second.findtext(".//per-minute") == "90"


@pytest.mark.parametrize(
    ("key", "pitch", "name"),
    [
        ("Em", 63, "D#4"),
        ("Em", 70, "A#4"),
        ("Em", 66, "F#4"),
        ("Ab", 68, "Ab4"),
        ("F", 70, "Bb4"),
        ("B", 60, "B#3"),
        ("Gm", 66, "F#4"),
    ],
)
def test_pitches_are_spelt_as_the_key_wants_them(key: str, pitch: int, name: str) -> None:
    spelling = spell(pitch, Key.parse(key))
    assert f"{spelling}{spelling.octave}" in (name, "C4" if name == "B#3" else name)


def test_the_root_of_flat_five_is_flat() -> None:
    assert [str(spell(pitch, E_MINOR, (58, 65, 70))) for pitch in (58, 65, 70)] == ["Bb", "F", "Bb"]
    assert [Symbol(0, 10, suffix, 10).name(E_MINOR) for suffix in ("5", "dim")] == ["Bb5", "A#dim"]
    assert [Symbol(0, 8, suffix, 8).name(Key.parse("C")) for suffix in ("maj7", "dim")] == ["Abmaj7", "G#dim"]


@pytest.mark.parametrize("name", ["C", "G", "D", "A", "E", "B", "F#", "Db", "Ab", "Eb", "Bb", "F", "Am", "Ebm", "G#m"])
def test_every_spelling_sounds_as_it_should(name: str) -> None:
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    for pitch in range(128):
        spelling = spell(pitch, Key.parse(name))
        assert 12 * (spelling.octave + 1) + steps[spelling.letter] + spelling.alter == pitch


def test_chord_names_stand_over_the_first_pitched_part() -> None:
    sheet = Sheet("", "", E_MINOR, (Symbol(0, 4, "m7", 4), Symbol(48, 0, "5", 7)))
    root = parse(write_musicxml(quartet_score(4), sheet))
    found = [(part.get("id"), part.findall(".//harmony")) for part in root.findall("part")]
    assert [(part, len(names)) for part, names in found] == [("P1", 2), ("P2", 0), ("P3", 0), ("P4", 0)]
    assert sheet.symbols[1].name(E_MINOR) == "C5/G"


def test_hostile_titles_and_names_still_make_good_xml() -> None:
    score = Score((Track('<&"\x00\x1b]]>', 30, False, (Note(0, 40, PPQ, 90),)),))
    root = parse(write_musicxml(score, Sheet("死 \x07 <b> & 🔥", "\x00", E_MINOR)))
    assert root.findtext("work/work-title") == "死   <b> & 🔥"


def test_two_hundred_notes_at_once_and_a_single_one_are_written() -> None:
    crowd = Score((Track("", 0, False, tuple(Note(0, pitch % 128, PPQ, 90) for pitch in range(128))),))
    for score in (crowd, single_note_score(), single_note_score(20.0), single_note_score(400.0)):
        pages = engrave(write_musicxml(score, Sheet("", "", E_MINOR)), "", "", score.note_count)
        assert len(pages.svgs) == 1


def test_the_pages_are_a_pdf_and_pictures_and_the_same_every_time() -> None:
    score = quartet_score(40)
    pages = engrave(write_musicxml(score, Sheet("Ashes", "Metal", E_MINOR)), "Ashes", "Metal", score.note_count)
    pdf, pngs = pages.pdf(), pages.pngs()
    opened = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(opened.pages) == len(pngs) == len(pages.svgs) > 1
    assert "Ashes" in opened.pages[0].extract_text()
    page = Image.open(io.BytesIO(pngs[0]))
    assert page.height / page.width == pytest.approx(297 / 210, abs=0.01)
    assert page.convert("L").getextrema() == (0, 255)
    assert pages.pdf() == pdf
    again = engrave(write_musicxml(score, Sheet("Ashes", "Metal", E_MINOR)), "Ashes", "Metal", score.note_count)
    assert again == pages
    names = zipfile.ZipFile(io.BytesIO(pages.zipped())).namelist()
    assert names[:2] == ["page-01.svg", "page-01.png"]
    assert len(names) == 2 * len(pngs)


def test_a_tempo_is_marked_in_the_beats_that_are_counted_and_sounds_as_played() -> None:
    score = replace(melody((0, 1.5), (1.5, 1.5), meter=Meter(6, 8)), tempos=(TempoChange(0, 132.0),))
    sheet = Sheet("Jig", "Country", E_MINOR)
    (mark,) = parse(write_musicxml(score, sheet)).iter("direction")
    metronome = mark.find("direction-type/metronome")
    assert metronome is not None
    assert [child.tag for child in metronome] == ["beat-unit", "beat-unit-dot", "per-minute"]
    assert metronome.findtext("per-minute") == "88"
    sound = mark.find("sound")
    assert sound is not None
    assert sound.attrib["tempo"] == "132"
    assert read_back(write_musicxml(score, sheet)) == played(score)
    assert "\u2669.<" in engrave(write_musicxml(score, sheet), "Jig", "", 2).svgs[0]


@pytest.mark.parametrize(
    ("meter", "words"),
    [("4/4", "132 BPM"), ("3/4", "132 BPM"), ("3/8", "132 BPM"), ("12/8", "88 BPM (dotted quarters)")],
)
def test_the_head_of_a_sheet_has_the_same_tempo(meter: str, words: str) -> None:
    assert tempo_in_words(132.0, Meter.parse(meter)) == words


def test_accidentals_and_tempo_marks_are_letters_that_every_font_has() -> None:
    sheet = Sheet("", "", E_MINOR, (Symbol(0, 6, "m7", 4), Symbol(48, 10, "", 10)))
    (page,) = engrave(write_musicxml(quartet_score(2), sheet), "", "", 1).svgs
    assert "\u266f" in page
    assert "\u2669" in page
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in page)


def test_too_many_notes_for_paper_are_refused() -> None:
    with pytest.raises(ScoreTooLarge, match="25000 notes at most"):
        engrave(b"", "", "", 50_000)


def test_too_many_pages_for_pictures_are_refused() -> None:
    with pytest.raises(ScoreTooLarge, match="40 pages at most, and this score has 41"):
        Pages(("<svg/>",) * 41, "", "").zipped()


def test_a_package_that_is_missing_is_named_with_its_cure() -> None:
    with pytest.raises(RenderFailed, match=r"a printed score needs the package no_such_thing.*lnh-band\[score\]"):
        optional.require("no_such_thing", "score", "a printed score")


def bars_written(score: Score, known: int | None = None) -> int:
    return len(parse(write_musicxml(score, Sheet("", "", E_MINOR, bars=known))).findall(".//part[1]/measure"))


def test_a_last_note_that_rings_on_gets_no_bar_of_its_own_where_the_songs_bars_are_known() -> None:
    score = melody((0, 4), (4, 8))
    root = parse(write_musicxml(score, Sheet("", "", E_MINOR, bars=2)))
    assert len(root.findall(".//measure")) == 2
    assert root.findall(".//note")[-1].findtext("type") == "whole"
    assert [tie.attrib["type"] for tie in root.findall(".//tied")] == ["let-ring"]


def test_bars_in_which_a_note_starts_are_written_however_many_were_said() -> None:
    assert bars_written(melody((0, 4), (8, 2)), known=1) == 3


def test_a_note_that_is_held_over_known_bars_is_tied_through_them() -> None:
    score = melody((0, 16))
    assert bars_written(score, known=4) == 4
    assert bars_written(score, known=3) == 3
    assert bars_written(score, known=9) == 4  # nobody wants empty bars at the end


def test_where_nobody_knows_the_bars_a_short_ring_is_no_bar_and_a_held_note_is() -> None:
    assert bars_written(melody((0, 4), (4, 4.9))) == 2
    assert bars_written(melody((0, 4), (4, 5.9))) == 2
    assert bars_written(melody((0, 4), (4, 6))) == 3
    assert bars_written(melody((0, 12))) == 3


def test_what_rings_on_is_drawn_up_to_the_last_bar_line() -> None:
    score = melody((0, 4), (4, 8))
    (page,) = engrave(write_musicxml(score, Sheet("", "", E_MINOR, bars=2)), "", "", score.note_count).svgs
    arc = re.search(r'class="lv"><path d="M(\d+),\d+ C\d+,\d+ \d+,\d+ (\d+),', page)
    head = re.findall(r'class="note">.*?translate\((\d+), ', page)
    assert arc is not None
    assert int(head[-1]) < int(arc[1]) < int(arc[2]) - 500  # a head is some 300 wide


def test_a_page_has_the_lead_on_top_and_bass_and_drums_at_the_foot() -> None:
    root = parse(write_musicxml(quartet_score(2), Sheet("", "", E_MINOR)))
    assert [name.text for name in root.findall(".//part-name")] == ["Lead guitar", "Rhythm guitar", "Bass", "Drums"]


def test_an_accidental_in_a_chords_name_is_a_letter_like_the_others() -> None:
    sheet = Sheet("", "", E_MINOR, (Symbol(0, 6, "m7", 6),))
    score = quartet_score(2)
    (page,) = engrave(write_musicxml(score, sheet), "", "", score.note_count).svgs
    assert (
        '<tspan font-size="405px">F</tspan><tspan font-size="405px">\u266f</tspan><tspan font-size="405px">m7' in page
    )
