import re
from xml.etree.ElementTree import fromstring as parse

import pytest

from inference.music.pitch import Key
from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from inference.render.harmony import find_chords
from inference.render.notation.engrave import engrave
from inference.render.notation.musicxml import Sheet, write_musicxml
from inference.render.notation.spelling import spell_chord
from inference.render.notation.symbols import Symbol
from tests.fakes.scores import quartet_score

LEAD, GUITAR = 80, 29


def tune(*pitches: int, program: int = LEAD, long: float = 1.0) -> Score:
    """Quarters, or notes of `long` quarters."""
    notes = tuple(
        Note(round(at * long * PPQ), pitch, round(long * PPQ), 90) for at, pitch in enumerate(pitches) if pitch
    )
    return Score((Track("Tune", program, False, notes),))


def signs(score: Score, key: str) -> list[str | None]:
    root = parse(write_musicxml(score, Sheet("", "", Key.parse(key))))
    return [note.findtext("accidental") for note in root.iter("note") if note.find("rest") is None]


def test_a_sign_stands_before_what_the_key_does_not_say_and_holds_until_the_bar_is_over() -> None:
    assert signs(tune(60, 61, 61, 60, 61, 60, 62, 62), "C") == [
        None, "sharp", None, "natural", "sharp", "natural", None, None,
    ]  # fmt: skip


def test_the_keys_own_signs_are_not_written_again_but_what_leaves_them_is() -> None:
    assert signs(tune(70, 69, 71, 70), "F") == [None, None, "natural", "flat"]
    assert signs(tune(66, 65, 66, 78), "Em") == [None, "natural", "sharp", None]


def test_another_octave_has_a_sign_of_its_own() -> None:
    assert signs(tune(61, 73), "C") == ["sharp", "sharp"]


def test_a_tied_note_has_no_second_sign() -> None:
    assert signs(tune(61, long=6.0), "C") == ["sharp", None]


def test_drums_have_no_signs() -> None:
    drums = Score(tuple(track for track in quartet_score(2).tracks if track.is_drum))
    assert set(signs(drums, "Em")) == {None}


def test_signs_are_engraved() -> None:
    def drawn(*pitches: int) -> int:
        pages = engrave(write_musicxml(tune(*pitches), Sheet("", "", Key.parse("C"))), "", "", 8).svgs
        return sum(len(re.findall(r'class="accid">\s*<use', page)) for page in pages)

    assert drawn(60, 62, 64, 65) == 0
    assert drawn(61, 63, 66, 68) == 4


@pytest.mark.parametrize(
    ("pitches", "key", "names"),
    [
        ((60, 61), "Dm", ["C4", "Db4"]),
        ((60, 61, 62), "Dm", ["C4", "C#4", "D4"]),  # no line is free
        ((64, 68, 71), "Am", ["E4", "G#4", "B4"]),
    ],
)
def test_two_tones_of_a_chord_share_a_line_only_where_none_is_free(
    pitches: tuple[int, ...], key: str, names: list[str]
) -> None:
    assert [f"{name}{name.octave}" for name in spell_chord(pitches, Key.parse(key))] == names


@pytest.mark.parametrize(
    ("root", "suffix", "bass", "key", "name"),
    [
        (5, "m", 8, "Dm", "Fm/Ab"),
        (8, "aug", 8, "Dm", "Abaug"),
        (3, "", 3, "Em", "Eb"),
        (3, "sus2", 3, "Em", "Ebsus2"),
        (5, "7", 3, "Em", "F7/Eb"),
        (11, "7", 3, "Em", "B7/D#"),
        (4, "", 8, "Am", "E/G#"),
        (10, "maj7", 9, "Dm", "Bbmaj7/A"),
        (3, "dim", 3, "Em", "D#dim"),
        (1, "m", 1, "A", "C#m"),
        (6, "m7b5", 6, "Em", "F#m7b5"),
        (1, "", 5, "Ab", "Db/F"),
        (6, "", 6, "Ebm", "Gb"),
    ],
)
def test_chords_are_named_in_thirds_over_a_root_near_the_key(
    root: int, suffix: str, bass: int, key: str, name: str
) -> None:
    assert Symbol(0, root, suffix, bass).name(Key.parse(key)) == name


@pytest.mark.parametrize(
    "key", ["C", "F", "Bb", "Eb", "Ab", "Db", "G", "D", "A", "E", "B", "Dm", "Gm", "Cm", "Fm", "Bbm", "Ebm", "Am"]
)
def test_no_triad_of_any_root_has_a_name_that_nobody_reads(key: str) -> None:
    for root in range(12):
        for suffix in ("", "m", "5"):
            name = Symbol(0, root, suffix, root).name(Key.parse(key))
            assert "##" not in name
            assert "bb" not in name
            assert not name.startswith(("E#", "B#", "Fb"))


def test_notes_are_spelt_as_the_chord_around_them() -> None:
    sheet = Sheet("", "", Key.parse("Em"), (Symbol(0, 3, "sus2", 3), Symbol(48, 11, "7", 11)))
    root = parse(write_musicxml(tune(63, 70, 63, 71, 63), sheet))
    written = [(note.findtext("pitch/step"), note.findtext("pitch/alter")) for note in root.iter("note")][:5]
    assert written == [("E", "-1"), ("B", "-1"), ("D", "1"), ("B", None), ("D", "1")]


def test_a_note_that_is_held_into_another_harmony_keeps_its_name() -> None:
    sheet = Sheet("", "", Key.parse("Em"), (Symbol(0, 11, "7", 11), Symbol(96, 3, "", 3)))
    root = parse(write_musicxml(tune(63, long=8.0), sheet))
    assert [note.findtext("pitch/step") for note in root.iter("note")] == ["D", "D"]


def octave_lines(score: Score) -> list[tuple[str, str]]:
    root = parse(write_musicxml(score, Sheet("", "", Key.parse("C"))))
    return [(mark.attrib["type"], mark.attrib["size"]) for mark in root.iter("octave-shift")]


def test_bars_far_above_the_staff_are_written_an_octave_lower() -> None:
    assert octave_lines(tune(72, 74, 76, 77)) == []
    assert octave_lines(tune(72, 74, 76, 77, 88, 91, 93, 95, 90, 91, 93, 95, 72, 72)) == [("down", "8"), ("stop", "8")]
    assert octave_lines(tune(100, 103, 105, 107)) == [("down", "15"), ("stop", "15")]
    assert octave_lines(tune(60, 91, 60, 91)) == []  # an octave lower, half of it would hang below the staff


def test_a_guitar_is_shifted_by_what_is_written_not_by_what_sounds() -> None:
    assert octave_lines(tune(76, 79, 83, 86, program=GUITAR)) == [("down", "8"), ("stop", "8")]
    assert octave_lines(tune(40, 40, 43, 40, program=GUITAR)) == []


def test_a_rest_between_two_high_bars_does_not_end_the_line() -> None:
    assert octave_lines(tune(90, 91, 93, 95, 0, 0, 0, 0, 90, 91, 93, 95)) == [("down", "8"), ("stop", "8")]


def test_chords_found_in_a_flat_key_have_flat_names() -> None:
    fm = (41, 56, 60, 65)
    score = Score((Track("Piano", 0, False, tuple(sorted(Note(0, pitch, 4 * PPQ, 90) for pitch in fm))),))
    assert [symbol.name(Key.parse("Dm")) for symbol in find_chords(score)] == ["Fm"]
