import numpy as np
import pytest

from inference.music.pitch import Key
from inference.music.score import Meter, MeterChange, Note, Score, Track
from inference.music.units import PPQ
from inference.render.harmony import find_chords
from inference.render.notation.bars import bars_of
from inference.render.pictures.chart import Chart, Row, bars_of_chords, chart_text, draw_chart, letter_sizes, rows_of
from inference.render.pictures.chordname import width_of
from tests.fakes.scores import quartet_score, single_note_score

C, A_MINOR = Key.parse("C"), Key.parse("Am")


def strummed(*chords: tuple[int, ...], bass: tuple[int, ...] = (), quarters: int = 4) -> Score:
    """A chord each `quarters` quarters, over a bass if there is one."""
    long = quarters * PPQ
    guitar = tuple(Note(at * long, pitch, long, 90) for at, chord in enumerate(chords) for pitch in sorted(chord))
    low = tuple(Note(at * long, pitch, long, 90) for at, pitch in enumerate(bass))
    tracks = (Track("Guitar", 25, False, guitar), Track("Bass", 33, False, low))
    return Score(tuple(track for track in tracks if track.notes))


def names(score: Score, key: Key = C) -> list[str]:
    return [symbol.name(key) for symbol in find_chords(score)]


@pytest.mark.parametrize(
    ("chord", "name"),
    [
        ((48, 52, 55), "C"),
        ((45, 48, 52), "Am"),
        ((40, 47, 52), "E5"),
        ((43, 47, 50, 53), "G7"),
        ((48, 52, 55, 59), "Cmaj7"),
        ((50, 53, 57, 60), "Dm7"),
        ((47, 50, 53), "Bdim"),
        ((48, 52, 56), "Caug"),
        ((43, 48, 50), "Gsus4"),
    ],
)
def test_plain_chords_have_their_names(chord: tuple[int, ...], name: str) -> None:
    assert names(strummed(chord)) == [name]


def test_a_progression_is_heard_bar_by_bar_and_half_bar_by_half_bar() -> None:
    turnaround = ((48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50))
    assert names(strummed(*turnaround)) == ["C", "Am", "F", "G"]
    assert names(strummed(*turnaround, quarters=2)) == ["C", "Am", "F", "G"]


def test_a_bare_fifth_beside_its_full_chord_is_that_chord_unless_it_lasts() -> None:
    bare, full = (40, 47, 52), (40, 43, 47)
    assert names(strummed(bare, full, quarters=2)) == names(strummed(full, bare, quarters=2)) == ["Em"]
    assert names(strummed(bare, bare, bare, full)) == ["E5", "Em"]


def test_an_inversion_shows_its_bass() -> None:
    assert names(strummed((48, 52, 55), bass=(28,))) == ["C/E"]


def test_passing_notes_and_drums_change_nothing() -> None:
    quartet = quartet_score(8)
    drums = Score((*strummed((48, 52, 55)).tracks, quartet.tracks[0]))
    assert names(drums) == ["C"]
    melody = Track(
        "Lead", 30, False, tuple(Note(at * PPQ // 2, 72 + step, PPQ // 2, 90) for at, step in enumerate((0, 2, 4, 5)))
    )
    assert names(Score((*strummed((48, 52, 55), bass=(36,)).tracks, melody)))[0] == "C"


def test_a_riff_on_one_string_is_a_power_chord_and_silence_is_none() -> None:
    assert names(single_note_score(), A_MINOR) == ["C5"]
    assert find_chords(Score((quartet_score(4).tracks[0],))) == ()


def test_a_chord_that_goes_on_is_named_again_in_each_bar() -> None:
    score = strummed((48, 52, 55), (48, 52, 55), (45, 48, 52))
    named = bars_of_chords(bars_of(score), find_chords(score), C)
    assert named == [("C",), ("C",), ("Am",)]


def test_rows_that_repeat_are_written_once() -> None:
    rows = rows_of([("C",), ("G",), ("Am",), ("F",)] * 3 + [("C",)])
    assert [(row.first, len(row.bars), row.times) for row in rows] == [(1, 4, 3), (13, 1, 1)]
    text = chart_text(Chart("Song", "120 BPM", C, "#b3202c"), rows)
    assert "   1  | C  | G  | Am | F  |  x3" in text


def test_a_chart_has_one_size_of_letters_for_bars_of_as_many_chords() -> None:
    bars = (("Gm7", "Bbmaj7"), ("C", "F"), ("Am",), ("Cm7/Bb", "Gm7/Bb"))
    sizes = letter_sizes([Row(1, bars, 1)])
    assert sizes[1] > sizes[2] == letter_sizes([Row(1, bars[3:], 1)])[2]


def test_flats_and_sharps_in_a_charts_chords_are_signs_not_letters() -> None:
    def picture(name: str) -> np.ndarray:
        return np.asarray(draw_chart(Chart("Song", "", C, "#b3202c"), [Row(1, ((name,),), 1)]).convert("L"))

    flat, letter = picture("Bb"), picture("BB")
    assert flat.shape == letter.shape
    assert width_of("Bb", 36) < width_of("Bh", 36)
    rows, columns = np.nonzero(np.abs(flat.astype(int) - picture("B")) > 90)
    assert np.ptp(rows) > 2 * np.ptp(columns)  # slim and tall, with a bowl at its foot
    assert width_of("F#m7b5", 36) < width_of("F#m75", 36) + 20


def test_the_chart_grows_with_the_song() -> None:
    chart = Chart("Song 🔥", "120 BPM", C, "#b3202c")
    short = draw_chart(chart, [Row(1, (("C", "G/B"), ("C",), ("C",), ()), 1)])
    long = draw_chart(chart, rows_of([(f"C{number}",) for number in range(300)]))
    assert short.width == long.width == 1200
    assert long.height > 10 * short.height
    assert np.asarray(short).max() > 200


def test_other_meters_have_one_chord_a_bar() -> None:
    score = strummed((48, 52, 55), (45, 48, 52), quarters=3)
    waltz = Score(score.tracks, meters=(MeterChange(0, Meter(3, 4)),))
    assert bars_of_chords(bars_of(waltz), find_chords(waltz), C) == [("C",), ("Am",)]


def test_each_section_begins_a_row_under_its_letter() -> None:
    rows = rows_of([("C",)] * 22, {0: "A", 6: "A", 14: "B"})
    found = [(row.first, len(row.bars), row.times, row.letter) for row in rows]
    assert found == [(1, 4, 1, "A"), (5, 2, 1, ""), (7, 4, 2, "A"), (15, 4, 2, "B")]
    text = chart_text(Chart("Song", "120 BPM", C, "#b3202c"), rows)
    assert "B  15  |" in text
