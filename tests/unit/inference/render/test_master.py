import numpy as np
import pyloudnorm
import pytest

from inference.render.loudness import true_peaks
from inference.render.master import fade_out, limit

RATE = 48_000


def noise(seconds: float, level: float) -> np.ndarray:
    return (np.random.default_rng(1).standard_normal((2, int(seconds * RATE))) * level).astype(np.float32)


def with_hits(sound: np.ndarray, level: float) -> np.ndarray:
    sound[:, :: RATE // 4] += level
    return sound


@pytest.mark.parametrize(
    "sound",
    [noise(6, 0.001), noise(6, 0.9), with_hits(noise(6, 0.02), 0.7), with_hits(noise(3, 0.05), 3.0)],
    ids=["very quiet", "far too loud", "sharp hits", "over full scale"],
)
def test_any_mix_ends_at_minus_14_lufs_under_minus_1_dbtp(sound: np.ndarray) -> None:
    mastered = limit(sound, RATE)
    assert pyloudnorm.Meter(RATE).integrated_loudness(mastered.T.astype(float)) == pytest.approx(-14, abs=0.3)
    assert 20 * np.log10(true_peaks(mastered, 48).max()) <= -1.4


def test_a_mix_that_happens_to_be_as_loud_as_it_should_is_limited_all_the_same() -> None:
    sound = noise(6, 0.1)
    sound[:, RATE] = 1.0  # the peak to which the loudness is sought
    sound *= np.float32(10 ** ((-14 - pyloudnorm.Meter(RATE).integrated_loudness(sound.T.astype(float))) / 20))
    sound[:, RATE] = 1.0
    mastered = limit(sound, RATE)
    assert 20 * np.log10(true_peaks(mastered, 48).max()) <= -1.4


def test_silence_stays_silence() -> None:
    assert not np.any(limit(np.zeros((2, RATE), np.float32), RATE))


def test_the_end_is_cut_after_the_last_sound_and_fades_to_nothing() -> None:
    sound = np.concatenate([noise(2, 0.1), np.zeros((2, 3 * RATE), np.float32)], axis=1)
    ended = fade_out(sound, RATE)
    assert ended.shape[1] == pytest.approx(2 * RATE, abs=100)
    assert np.abs(ended[:, -48:]).max() < 1e-4
    assert np.array_equal(ended[:, :RATE], sound[:, :RATE])


def test_a_click_too_short_to_have_a_loudness_stays_under_the_ceiling() -> None:
    click = np.zeros((2, RATE // 10), np.float32)
    click[:, 500] = 1.0
    assert 20 * np.log10(true_peaks(limit(click, RATE), 48).max()) <= -1.4
