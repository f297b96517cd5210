from dataclasses import replace

from inference.music.program import Role
from inference.music.score import Note, Score, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.parts import roles_of, split_parts
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
    assert [(part.role, part.amp) for part in parts] == [
        (Role.DRUMS, None),
        (Role.BASS, None),
        (Role.RHYTHM, "high-gain"),
        (Role.LEAD, "lead"),
    ]


def test_the_genre_chooses_the_drum_kit() -> None:
    drums = split_parts(quartet_score(4), QUARTET, METAL)[0]
    assert drums.score.tracks[0].program == METAL.kit == 16


def test_one_guitar_plays_twice_a_side_each_never_quite_the_same() -> None:
    rhythm = split_parts(quartet_score(8), QUARTET, METAL)[2]
    left = sorted(n for t, s in zip(rhythm.score.tracks, rhythm.seats, strict=True) if s.pan == -1 for n in t.notes)
    right = sorted(n for t, s in zip(rhythm.score.tracks, rhythm.seats, strict=True) if s.pan == 1 for n in t.notes)
    assert len(left) == len(right)
    assert sum(abs(a.tick - b.tick) > 0 for a, b in zip(left, right, strict=True)) > len(left) / 2


def test_short_low_notes_are_palm_muted_and_long_ones_are_not() -> None:
    short, long = Note(0, 40, PPQ // 4, 100), Note(PPQ, 40, PPQ, 100)
    high = Note(2 * PPQ, 70, PPQ // 4, 100)
    score = Score((Track("", 30, False, (short, long, high)),))
    (part,) = split_parts(score, (Player.of(Role.RHYTHM),), METAL)
    programs = {note.tick: track.program for track in part.score.tracks[:2] for note in track.notes}
    assert programs == {0: 28, PPQ: 27, 2 * PPQ: 27}


def test_silent_tracks_take_no_part() -> None:
    score = quartet_score(4)
    silent = replace(score, tracks=(replace(score.tracks[0], notes=()), *score.tracks[1:]))
    assert len(split_parts(silent, QUARTET, METAL)) == 3


def test_sixteen_guitars_never_need_more_than_the_15_melodic_channels() -> None:
    guitar = quartet_score(4).tracks[2]
    parts = split_parts(Score((guitar,) * 16), (), METAL)
    assert all(len(part.score.tracks) <= 15 for part in parts)
    assert sum(len(part.score.tracks) for part in parts) >= 16
