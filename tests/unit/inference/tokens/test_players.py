"""Who plays is read from programs and names, where the notes agree."""

import pytest

from inference.music.program import Role
from inference.music.score import Note, Track
from inference.music.spec import Player
from inference.tokens.players import choose_players, player_of


def _track(name: str, program: int, pitch: int, *, is_drum: bool = False) -> Track:
    return Track(name, program, is_drum, tuple(Note(at * 240, pitch + at % 3, 240, 90) for at in range(8)))


@pytest.mark.parametrize(
    ("name", "program", "pitch", "player"),
    [
        ("Bass", 30, 30, Player(Role.BASS, 34)),
        ("Bass guitar", 0, 30, Player(Role.BASS, 34)),
        ("Synth bass", 81, 36, Player(Role.BASS, 81)),
        ("Bass", 30, 70, Player(Role.RHYTHM, 30)),
        ("Bass clarinet", 71, 40, Player(Role.WINDS, 71)),
        ("Piano (bass clef)", 0, 40, Player(Role.KEYS, 0)),
        ("Lead Guitar", 29, 70, Player(Role.LEAD, 29)),
        ("Vocals", 65, 64, Player(Role.LEAD, 65)),
        ("MELODY", 0, 64, Player(Role.LEAD, 0)),
        ("Lead guitar", 0, 64, Player(Role.LEAD, 0)),
        ("Rhythm guitar", 0, 45, Player(Role.RHYTHM, 30)),
        ("Drums", 0, 36, Player(Role.DRUMS, 0)),
        ("Steel drums", 114, 60, Player(Role.OTHER, 114)),
        ("Drums", 0, 84, Player(Role.KEYS, 0)),
        ("", 33, 30, Player(Role.BASS, 33)),
    ],
)
def test_a_name_counts_where_program_and_notes_allow_it(name: str, program: int, pitch: int, player: Player) -> None:
    assert player_of(_track(name, program, pitch)) == player


def test_a_guitar_named_lead_is_the_lead_though_another_plays_higher() -> None:
    tracks = [_track("Lead", 30, 50), _track("Guitar 2", 30, 70)]
    assert [part.player.role for part in choose_players(tracks)] == [Role.RHYTHM, Role.LEAD]
    assert min(pitch for _, pitch, _, _ in choose_players(tracks)[1].notes) == 50
