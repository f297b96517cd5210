import numpy as np
import pytest
import scipy.signal

from inference.render.signal import apply_gains, compress, convolve, hold_and_fall, hop_levels_db, tone_filter

RATE = 48_000
CURVE = ((40.0, -24.0), (110.0, 3.0), (400.0, -4.0), (2_500.0, 5.0), (9_000.0, -30.0))


def gains_at(taps: np.ndarray, hertz: list[float]) -> np.ndarray:
    return 20 * np.log10(np.abs(scipy.signal.freqz(taps, worN=hertz, fs=RATE)[1]))


def test_a_tone_filter_follows_its_curve() -> None:
    wanted = [gain for _, gain in CURVE[1:]]
    assert gains_at(tone_filter(CURVE, RATE), [hertz for hertz, _ in CURVE[1:]]) == pytest.approx(wanted, abs=0.7)


def test_a_tone_filter_answers_at_once() -> None:
    assert int(np.abs(tone_filter(CURVE, RATE)).argmax()) < 24


def test_two_seeds_are_two_loudspeakers_of_one_make() -> None:
    left, right = (gains_at(tone_filter(CURVE, RATE, seed), [1_000.0, 1_700.0, 3_000.0]) for seed in (1, 2))
    assert np.abs(left - right).max() > 0.5
    assert np.abs(left - right).max() < 12


def test_convolving_with_a_unit_pulse_changes_nothing() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 5_000)).astype(np.float32)
    assert np.abs(convolve(noise, np.array([1.0], np.float32)) - noise).max() < 1e-6


def test_long_sounds_are_convolved_in_chunks_without_a_seam() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 1_200_000)).astype(np.float32)
    taps = np.random.default_rng(1).standard_normal((2, 700)).astype(np.float32)
    whole = np.stack(
        [scipy.signal.oaconvolve(row, tap)[: noise.shape[1]] for row, tap in zip(noise, taps, strict=True)]
    )
    assert np.abs(convolve(noise, taps) - whole).max() < 1e-2


def test_an_envelope_rises_at_once_and_falls_in_a_straight_line() -> None:
    levels = np.array([-60.0, 0.0, -60.0, -60.0, -1.5, -60.0])
    assert hold_and_fall(levels, 1_000.0).tolist() == pytest.approx([-60, 0, -1, -2, -1.5, -2.5])


def test_gains_move_without_steps() -> None:
    flat = np.ones((2, 48 * 100), np.float32)
    gains = np.where(np.arange(100) < 50, 1.0, 0.25)
    assert np.abs(np.diff(apply_gains(flat, gains, 48))).max() < 0.02


def test_compression_brings_loud_and_quiet_together_and_leaves_silence_alone() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 2 * RATE)).astype(np.float32) * 0.3
    noise[:, RATE:] *= 0.1
    levels = hop_levels_db(compress(noise, RATE, 0.0, 4.0), 48)
    before = hop_levels_db(noise, 48)
    span = before[100:900].mean() - before[1_300:1_900].mean()
    assert levels[100:900].mean() - levels[1_300:1_900].mean() < span - 3
    assert not np.any(compress(np.zeros((2, RATE), np.float32), RATE, 0.0, 4.0))
