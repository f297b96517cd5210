"""The critic: it prefers what is like the real songs it was taught, and survives being saved."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inference.critic.errors import BadCritic
from inference.critic.judge import Critic, measured
from inference.critic.measures import MEASURES
from inference.critic.takes import best_of
from inference.evaluation.critics import Lesson, fit
from inference.music.program import Role
from inference.music.score import Score
from inference.music.spec import Player, SongSpec
from tests.fakes.scores import quartet_score

ROLES = (Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD)
SPEC = SongSpec((("metal", 1.0),), 16, roster=tuple(Player.of(role) for role in ROLES))


def band(seed: int) -> Score:
    """The quartet with a few notes left out."""
    rng = random.Random(seed)
    score = quartet_score(16)
    tracks = (replace(track, notes=tuple(n for n in track.notes if rng.random() < 0.95)) for track in score.tracks)
    return replace(score, tracks=tuple(tracks))


def muddle(seed: int) -> Score:
    """The same notes at other pitches and times."""
    rng = random.Random(seed)
    tracks = []
    for track in band(seed).tracks:
        notes = (replace(n, tick=rng.randrange(0, 16 * 1920, 120), pitch=rng.randint(30, 80)) for n in track.notes)
        tracks.append(replace(track, notes=tuple(sorted(notes))))
    return replace(band(seed), tracks=tuple(tracks))


@pytest.fixture(scope="module")
def critic() -> Critic:
    real, written = (np.array([measured(make(seed), ROLES, 16) for seed in range(12)]) for make in (band, muddle))
    lesson = Lesson(real[:8], real[8:], written.reshape(6, 2, -1), np.ones((6, 2), np.bool_))
    return fit({"metal": lesson}, "abc")


def test_it_tells_songs_it_never_heard(critic: Critic) -> None:
    for make, is_real in ((band, True), (muddle, False)):
        rows = np.array([measured(make(seed), ROLES, 16) for seed in range(50, 56)])
        assert ((critic.logits(rows, "metal") > 0) == is_real).all()


def test_the_best_take_is_the_one_most_like_a_real_song(critic: Critic) -> None:
    assert best_of([muddle(1), muddle(2), band(60), muddle(3)], SPEC, critic.judge) == 2
    assert best_of([band(60), band(60)], SPEC, critic.judge) == 0


def test_the_take_that_makes_up_for_what_written_songs_lack_is_liked_best(critic: Critic) -> None:
    centre, spread = critic.centres[0], critic.spreads[0]
    lacking = replace(critic, lacks=np.eye(1, MEASURES, 2).repeat(2, axis=0))  # too much of the third, nothing else
    rows = np.array([centre + times * spread * np.eye(1, MEASURES, 2)[0] for times in (1.0, 0.0, -1.0, -9.0)])
    assert lacking.merit(rows, "metal").tolist() == pytest.approx([-1.0, 0.0, 1.0, 1.5])
    other = replace(critic, lacks=np.zeros_like(critic.lacks))
    assert not other.merit(rows, "metal").any()


def test_a_genre_it_was_not_taught_is_judged_by_all(critic: Critic) -> None:
    jazz = replace(SPEC, genres=(("jazz", 1.0),))
    assert critic.judge(band(70), jazz) == pytest.approx(critic.judge(band(70), SPEC))


def test_a_saved_critic_judges_alike(critic: Critic, tmp_path: Path) -> None:
    critic.save(tmp_path / "deep" / "critic.safetensors")
    loaded = Critic.load(tmp_path / "deep" / "critic.safetensors")
    assert loaded.judge(band(80), SPEC) == critic.judge(band(80), SPEC)
    assert loaded.checkpoint == "abc"


def test_a_file_that_is_no_critic_gets_one_sentence(critic: Critic, tmp_path: Path) -> None:
    with pytest.raises(BadCritic, match="there is no critic at"):
        Critic.load(tmp_path / "none")
    save_file({"weights": np.zeros(3)}, tmp_path / "other")
    with pytest.raises(BadCritic, match="is not a critic of this version"):
        Critic.load(tmp_path / "other")
    critic.save(tmp_path / "critic")
    (tmp_path / "cut").write_bytes((tmp_path / "critic").read_bytes()[:200])
    with pytest.raises(BadCritic, match="is damaged"):
        Critic.load(tmp_path / "cut")
    replace(critic, weights=np.zeros(4)).save(tmp_path / "narrow")
    with pytest.raises(BadCritic, match="listens for other things"):
        Critic.load(tmp_path / "narrow")
