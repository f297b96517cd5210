"""Who of a song's players takes a part of another band."""

from inference.music.program import Role
from inference.music.spec import Player
from inference.training.bands import cast_players

DRUMS, BASS, RHYTHM, LEAD, KEYS, WINDS = (
    Player.of(role) for role in (Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD, Role.KEYS, Role.WINDS)
)
QUARTET = (DRUMS, BASS, RHYTHM, LEAD)


def test_each_part_goes_to_its_role_then_to_the_other_guitar_then_to_anybody() -> None:
    assert cast_players(QUARTET, QUARTET) == ((0, 1, 2, 3), 0)
    assert cast_players(QUARTET, (DRUMS, BASS, RHYTHM, RHYTHM)) == ((0, 1, 2, 3), 0)
    assert cast_players((DRUMS, BASS, RHYTHM, KEYS, WINDS), QUARTET) == ((0, 1, 2, 3), 1)
    assert cast_players((DRUMS, BASS, KEYS, WINDS), (DRUMS, BASS, WINDS, KEYS)) == ((0, 1, 3, 2), 0)


def test_nobody_but_drums_and_bass_is_drums_and_bass() -> None:
    assert cast_players((BASS, RHYTHM, LEAD, KEYS), QUARTET) is None
    assert cast_players((DRUMS, RHYTHM, LEAD, KEYS), QUARTET) is None
    assert cast_players((DRUMS, BASS, BASS, LEAD), QUARTET) is None
    assert cast_players((DRUMS, BASS, LEAD), QUARTET) is None
