"""Bars that others of a song stand beside are chosen by how well takes agree; new songs by the critic."""

from dataclasses import replace

import pytest

from inference.critic.takes import HEAD_START, agreement, best_of, takes_of
from inference.music.edit import Edit, Operation
from inference.music.measure import measure_density
from inference.music.obedience import broken_wishes
from inference.music.pitch import Key
from inference.music.score import Score
from inference.music.spec import MAX_TAKES, SongSpec
from tests.fakes.scores import BAR, quartet_score

NEW = SongSpec((("metal", 1.0),))
FILLING = replace(NEW, edit=Edit(Operation.REPLACE, "", bars=(3, 4)))
SONG = quartet_score(8)


def raised(score: Score, bars: range, semitones: int) -> Score:
    """The lead plays some bars higher."""
    *others, lead = score.tracks
    notes = tuple(
        replace(note, pitch=note.pitch + semitones) if note.tick // BAR in bars else note for note in lead.notes
    )
    return replace(score, tracks=(*others, replace(lead, notes=notes)))


def test_of_bars_that_others_stand_beside_the_most_usual_is_kept() -> None:
    takes = [raised(SONG, range(2, 4), 7), raised(SONG, range(2, 3), 5), SONG, raised(SONG, range(3, 4), 5)]
    merits = agreement(takes)
    assert max(merits) == merits[2]
    assert best_of(takes, FILLING, lambda score, spec: 9.0 * (score == takes[0])) == 2
    assert best_of(takes, NEW, lambda score, spec: 9.0 * (score == takes[0])) == 0


def test_another_take_than_the_first_must_be_liked_clearly_more() -> None:
    takes = [SONG, raised(SONG, range(2, 3), 5), raised(SONG, range(3, 4), 5)]
    assert best_of(takes, NEW, None) == 0
    assert best_of(takes, NEW, lambda score, spec: 0.9 * HEAD_START * (score == takes[2])) == 0
    assert best_of(takes, NEW, lambda score, spec: 1.1 * HEAD_START * (score == takes[2])) == 2


def test_wishes_come_first() -> None:
    wish = replace(NEW, key=Key.parse("Em"), density=measure_density(SONG))
    drums, bass, *others = SONG.tracks
    without_bass = replace(SONG, tracks=(drums, replace(bass, notes=()), *others))
    takes = [without_bass, SONG, raised(SONG, range(2, 3), 2), SONG]
    assert [broken_wishes(take, wish) for take in takes] == [1, 0, 0, 0]
    assert best_of(takes, wish, None) == 1
    assert best_of(takes, wish, lambda score, spec: 99.0 * (score == takes[0])) == 1
    assert best_of(takes, wish, lambda score, spec: 99.0 * (score == takes[2])) == 2


def test_bars_that_are_alike_in_all_takes_say_nothing() -> None:
    two = [SONG, raised(SONG, range(2, 3), 5)]
    longer = [quartet_score(24), raised(quartet_score(24), range(2, 3), 5)]
    assert agreement(two) == agreement(longer)
    assert agreement([SONG, SONG]) == [1, 1]
    assert agreement([SONG]) == [0]


@pytest.mark.parametrize(
    ("edit", "most", "takes"),
    [
        (None, 4, 4),
        (Edit(Operation.CONTINUE, ""), 4, 8),
        (Edit(Operation.EXTEND, ""), 2, 4),
        (Edit(Operation.REPLACE, "", bars=(1, 2)), 8, MAX_TAKES),
        (Edit(Operation.REPLACE, "", players=("lead",)), 4, 1),
        (Edit(Operation.VARY, ""), 4, 1),
        (Edit(Operation.REMIX, ""), 4, 4),
        (Edit(Operation.CONTINUE, ""), 1, 1),
    ],
)
def test_only_what_is_chosen_from_takes_is_written_more_than_once(edit: Edit | None, most: int, takes: int) -> None:
    assert takes_of(edit, most) == takes
