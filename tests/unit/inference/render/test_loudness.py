import math

import numpy as np
import pyloudnorm
import pytest

from inference.render.loudness import gated_lufs, integrated_lufs, nearly_step_powers, step_powers, true_peaks

RATES = (44_100, 48_000)


def tone(hertz: float, level: float, rate: int, phase: float = 0.0) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(5 * rate) / rate + phase)
    return np.stack([wave, wave]).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_full_scale_sine_of_997_hz_in_one_channel_is_minus_3_lufs_as_the_standard_says(rate: int) -> None:
    sine = tone(997.0, 1.0, rate)
    sine[1] = 0
    assert integrated_lufs(sine, rate) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seed", range(4))
def test_loudness_agrees_with_pyloudnorm_on_noise_of_any_colour_with_pauses(rate: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, 8 * rate)) * rng.uniform(0.01, 0.3)
    noise = noise if seed % 2 else np.diff(noise, axis=1, prepend=0.0)
    noise *= np.repeat(rng.choice([0.0, 0.05, 0.4, 1.0], 16), rate // 2)
    noise /= max(1.0, np.abs(noise).max())
    oracle = pyloudnorm.Meter(rate).integrated_loudness(noise.T)
    assert integrated_lufs(noise.astype(np.float32), rate) == pytest.approx(oracle, abs=0.15)


def test_silence_and_less_than_a_block_have_no_loudness() -> None:
    assert integrated_lufs(np.zeros((2, 48_000), np.float32), 48_000) == -math.inf
    assert integrated_lufs(tone(997, 1, 48_000)[:, :9_000], 48_000) == -math.inf


def test_true_peak_sees_what_lies_between_the_samples() -> None:
    between = tone(12_000.0, 1.0, 48_000, phase=math.pi / 4)
    assert np.abs(between).max() == pytest.approx(0.7071, abs=1e-3)
    assert true_peaks(between, 48)[10:-10].max() == pytest.approx(1.0, abs=0.01)


def test_true_peaks_stand_where_the_sound_is_whatever_the_length() -> None:
    click = np.zeros((2, 300_007), np.float32)
    click[1, 270_000] = 0.8
    peaks = true_peaks(click, 48)
    assert len(peaks) == -(-300_007 // 48)
    assert int(peaks.argmax()) == 270_000 // 48
    assert peaks.max() == pytest.approx(0.8, abs=0.01)


def test_powers_that_are_shared_out_within_a_tenth_are_nearly_the_exact_ones() -> None:
    rng = np.random.default_rng(6)
    time = np.arange(5 * 48_000) / 48_000
    beats = np.exp(-20 * (time % 0.4)) * np.sin(2 * np.pi * 60 * time) + 0.1 * rng.standard_normal(len(time))
    sound = np.stack([beats, 0.5 * np.roll(beats, 700)]).astype(np.float32)
    exact, nearly = step_powers(sound, 48_000, 48), nearly_step_powers(sound, 48_000, 48)
    assert len(nearly) == len(exact)
    tenths = [powers.reshape(-1, 100).mean(axis=1) for powers in (exact, nearly)]
    assert np.abs(10 * np.log10(tenths[1] / tenths[0])).max() < 0.3
    gains = np.repeat(rng.uniform(0.5, 1.0, 500), 10) ** 2
    heard = [gated_lufs((powers * gains).reshape(-1, 100).mean(axis=1)) for powers in (exact, nearly)]
    assert heard[1] == pytest.approx(heard[0], abs=0.1)
