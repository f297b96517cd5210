"""The bars of a score lie where its meter says."""

import pytest

from inference.music.score import Meter, MeterChange, Note, Score, Track
from inference.music.units import PPQ, TICKS_PER_GRID
from inference.tokens.arrange import arrange
from inference.tokens.bars import METERS, bar_starts, grids_in, main_meter, written_as
from inference.tokens.vocabulary import POSITIONS


def _quarters(count: int, *meters: MeterChange) -> Score:
    notes = tuple(Note(beat * PPQ, 60 + beat % 5, PPQ, 80) for beat in range(count))
    return Score((Track("a", 0, False, notes),), meters=meters)


@pytest.mark.parametrize(
    ("given", "written"),
    [("4/4", "4/4"), ("2/2", "4/4"), ("8/8", "4/4"), ("4/2", "4/4"), ("12/8", "6/8"), ("6/4", "3/4"), ("4/8", "2/4")],
)
def test_meters_are_written_as_ones_the_code_has(given: str, written: str) -> None:
    assert written_as(Meter.parse(given)) == Meter.parse(written)


@pytest.mark.parametrize("given", ["5/4", "9/8", "7/4", "1/4", "13/16"])
def test_meters_that_do_not_fit_are_none(given: str) -> None:
    assert written_as(Meter.parse(given)) is None


def test_every_meter_fits_a_bar_of_the_code_on_whole_grid_steps() -> None:
    for meter in METERS:
        assert grids_in(meter) * TICKS_PER_GRID == meter.ticks
        assert grids_in(meter) <= POSITIONS


def test_the_longest_lasting_meter_is_the_songs_and_others_are_cut() -> None:
    waltz = MeterChange(8 * PPQ, Meter(3, 4))
    score = _quarters(8 + 30, MeterChange(0, Meter()), waltz)
    assert main_meter(score) == Meter(3, 4)
    starts = bar_starts(score, Meter(3, 4))
    assert starts[:3] == [192, 264, 336]
    song = arrange(score)
    assert song.header.meter == Meter(3, 4)
    assert song.header.bars == 10
    assert all(row[0] is not None and row[0].onsets == (0, 24, 48) for row in song.rows)


def test_two_in_a_bar_of_twelve_eighths() -> None:
    song = arrange(_quarters(24, MeterChange(0, Meter(12, 8))))
    assert song.header.meter == Meter(6, 8)
    assert song.header.bars == 8


def test_a_short_note_on_the_last_bar_line_is_a_bar() -> None:
    score = Score((Track("a", 0, False, (Note(0, 60, PPQ, 80), Note(4 * PPQ, 62, 3, 80))),))
    assert arrange(score).header.bars == 2
