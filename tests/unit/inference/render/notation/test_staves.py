import pytest

from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from inference.render.notation.staves import BASS, TREBLE, Clef, parts_of

ALTO_SAX, WARM_PAD = 65, 89


def clef_of(program: int, *pitches: int) -> Clef:
    notes = tuple(Note(step * PPQ, pitch, PPQ, 90) for step, pitch in enumerate(pitches))
    (part,) = parts_of(Score((Track("", program, False, notes),)))
    return part.staves[0].clef


@pytest.mark.parametrize(
    ("pitches", "clef"),
    [
        ((64, 67, 71, 74), TREBLE),
        ((60, 62, 64, 65), TREBLE),
        ((48, 50, 53, 55), BASS),
        ((60, 60, 60, 41, 40, 38), BASS),  # half of it is middle C, but the rest would hang far below
        ((57, 57, 57, 76, 79, 81), TREBLE),
    ],
)
def test_the_clef_is_the_one_with_fewer_lines_beside_the_staff(pitches: tuple[int, ...], clef: Clef) -> None:
    assert clef_of(ALTO_SAX, *pitches) == clef_of(WARM_PAD, *pitches) == clef
