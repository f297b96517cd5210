"""What the critic hears: sizes fixed whatever plays, and each measure moved by what it is named after."""

from dataclasses import replace

import numpy as np
import pytest

from inference.critic.features import FEATURES, song_features
from inference.critic.judge import measured
from inference.critic.lines import Floats, lines_of
from inference.critic.measures import MEASURES
from inference.music.program import Role
from inference.music.score import Meter, MeterChange, Score
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import score_of, tune

ROLES = (Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD)
KICK_GAIN, DISTANCE, UNISON = 9, 11, 12


def _heard(score: Score, roles: tuple[Role, ...] = ROLES) -> Floats:
    return measured(score, roles, 16)


@pytest.mark.parametrize("players", [0, 1, 2, 4])
@pytest.mark.parametrize("bars", [1, 2, 8, 16, 40])
def test_every_band_and_length_has_the_same_number_of_finite_measures(players: int, bars: int) -> None:
    score = replace(quartet_score(16), tracks=quartet_score(16).tracks[:players])
    lines = lines_of(score, ROLES[:players], bars)
    for row, size in ((measured(score, ROLES[:players], bars), MEASURES), (song_features(lines, 4), FEATURES)):
        assert row.shape == (size,)
        assert np.isfinite(row).all()


def test_silent_players_change_nothing() -> None:
    score = quartet_score(16)
    silent = replace(score.tracks[3], notes=())
    assert (_heard(replace(score, tracks=(*score.tracks, silent)), (*ROLES, Role.LEAD)) == _heard(score)).all()


def test_a_transposed_song_measures_the_same() -> None:
    score = quartet_score(16)
    tracks = tuple(
        track if track.is_drum else replace(track, notes=tuple(replace(n, pitch=n.pitch + 2) for n in track.notes))
        for track in score.tracks
    )
    assert _heard(replace(score, tracks=tracks)) == pytest.approx(_heard(score))


def test_a_bass_that_leaves_the_kick_loses_its_gain() -> None:
    score = quartet_score(16)
    bass = score.tracks[1]
    late = replace(bass, notes=tuple(replace(note, tick=note.tick + 60) for note in bass.notes))
    loose = _heard(replace(score, tracks=(score.tracks[0], late, *score.tracks[2:])))
    assert loose[KICK_GAIN] <= _heard(score)[KICK_GAIN]


def test_a_guitar_that_leaves_the_bass_loses_unison_and_comes_to_lie_further_away() -> None:
    score = quartet_score(16)
    bass = score.tracks[1]
    doubled = replace(score.tracks[2], notes=tuple(replace(note, pitch=note.pitch + 12) for note in bass.notes))
    strange = replace(doubled, notes=tuple(replace(note, pitch=note.pitch + 6) for note in doubled.notes))
    near, far = (_heard(replace(score, tracks=(*score.tracks[:2], guitar)), ROLES[:3]) for guitar in (doubled, strange))
    assert (near[UNISON], far[UNISON]) == (1, 0)
    assert near[DISTANCE] < far[DISTANCE]


def test_other_meters_are_heard_too() -> None:
    waltz = replace(score_of(tune(1, 200), tune(2, 200)), meters=(MeterChange(0, Meter(3, 4)),))
    assert np.isfinite(measured(waltz, (Role.BASS, Role.LEAD), 20)).all()
