from dataclasses import replace

from inference.music.program import Role
from inference.music.score import Score
from inference.render.parts import DRY_GUITAR, roles_of, split_parts
from inference.render.sounds import load_sounds
from tests.fakes.render_jobs import QUARTET
from tests.fakes.scores import quartet_score

METAL = load_sounds().of("metal")


def test_tracks_take_the_roles_of_the_roster_in_order() -> None:
    assert roles_of(quartet_score(4).tracks, QUARTET) == [Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD]


def test_without_a_roster_the_program_says_the_role() -> None:
    assert roles_of(quartet_score(4).tracks, ()) == [Role.DRUMS, Role.BASS, Role.RHYTHM, Role.RHYTHM]


def test_a_quartet_is_four_parts_with_amps_on_the_guitars() -> None:
    parts = split_parts(quartet_score(4), QUARTET, METAL)
    assert [(part.track, part.role, part.amp) for part in parts] == [
        (0, Role.DRUMS, None),
        (1, Role.BASS, None),
        (2, Role.RHYTHM, METAL.rhythm_amp),
        (3, Role.LEAD, METAL.lead_amp),
    ]
    assert parts[2].program == DRY_GUITAR


def test_the_genre_chooses_the_drum_kit() -> None:
    assert split_parts(quartet_score(4), QUARTET, METAL)[0].program == METAL.kit == 16


def test_one_rhythm_guitar_is_recorded_twice_and_stands_in_the_middle() -> None:
    rhythm = split_parts(quartet_score(4), QUARTET, METAL)[2]
    assert (rhythm.takes, rhythm.pan) == (2, 0.0)


def test_two_rhythm_guitars_are_recorded_once_each_on_a_side_of_their_own() -> None:
    left, right = split_parts(quartet_score(4), (), METAL)[2:]
    assert (left.takes, right.takes) == (1, 1)
    assert left.pan < -0.8
    assert right.pan > 0.8


def test_silent_tracks_take_no_part() -> None:
    score = quartet_score(4)
    silent = replace(score, tracks=(replace(score.tracks[0], notes=()), *score.tracks[1:]))
    assert [part.track for part in split_parts(silent, QUARTET, METAL)] == [1, 2, 3]


def test_keyboards_without_an_amp_are_spread_a_little() -> None:
    keys = replace(quartet_score(4).tracks[3], program=0)
    pans = [part.pan for part in split_parts(Score((keys,) * 3), (), METAL)]
    assert pans == [-0.6, 0.0, 0.6]
