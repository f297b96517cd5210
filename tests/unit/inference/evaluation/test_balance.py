import numpy as np
import pytest

from inference.evaluation.balance import balance_of, reduction, role_levels
from inference.evaluation.tonal_balance import wanted_octaves
from inference.music.program import Role
from inference.render.master import mastered
from inference.render.sounds import load_sounds
from inference.render.studio import Stem
from inference.render.synth import RATE

METAL = load_sounds().of("metal")


def stem(role: Role, level: float, squeezed: np.ndarray | None = None, seed: int = 1) -> Stem:
    noise = np.random.default_rng(seed).standard_normal((2, 4 * RATE)) * level
    return Stem(0, role.value, role, noise.astype(np.float32), RATE, np.ones(0) if squeezed is None else squeezed)


def test_roles_of_one_loudness_lie_three_units_below_both() -> None:
    levels = role_levels([stem(Role.DRUMS, 0.1), stem(Role.LEAD, 0.1, seed=2)], METAL)
    assert levels[Role.DRUMS].heard == pytest.approx(-3, abs=0.1)
    assert levels[Role.LEAD].wanted - levels[Role.DRUMS].wanted == METAL.lead.level - METAL.drums.level


def test_two_who_share_a_role_are_one() -> None:
    pair = [stem(Role.RHYTHM, 0.1), stem(Role.RHYTHM, 0.1, seed=3)]
    levels = role_levels([stem(Role.DRUMS, 0.1 * 2**0.5, seed=2), *pair], METAL)
    assert levels[Role.RHYTHM].heard == pytest.approx(levels[Role.DRUMS].heard, abs=0.2)


def test_a_role_that_is_not_heard_has_no_level() -> None:
    assert list(role_levels([stem(Role.DRUMS, 0.1), stem(Role.LEAD, 0.0)], METAL)) == [Role.DRUMS]


def test_what_a_compressor_takes_is_told_on_average_and_at_its_hardest() -> None:
    gains = np.concatenate([np.ones(900), np.full(100, 10 ** (-6 / 20))])
    taken = reduction(gains)
    assert taken.mean_db == pytest.approx(0.6)
    assert taken.most_db == pytest.approx(6.0)
    assert reduction(np.ones(0)).most_db == 0


def test_a_drum_bus_recovers_at_its_own_pace_whatever_the_tempo() -> None:
    drums = stem(Role.DRUMS, 0.1, np.full(1000, 10 ** (-6 / 20)))
    slow, fast = (
        balance_of([drums], mastered(drums.audio.copy(), RATE, METAL), METAL, quarter_s) for quarter_s in (1.0, 0.25)
    )
    assert fast.recovery == pytest.approx(4 * slow.recovery)
    assert slow.drums.mean_db == pytest.approx(6.0)
    assert slow.glue.most_db < 3


@pytest.mark.parametrize("genre", ["metal", "jazz", "hip-hop"])
def test_wanted_octaves_are_shares_of_one_whole_and_fall_towards_the_treble(genre: str) -> None:
    octaves = wanted_octaves(genre)
    assert np.sum(10 ** (octaves / 10)) == pytest.approx(1)
    assert (np.diff(octaves[3:9]) < 0).all()
