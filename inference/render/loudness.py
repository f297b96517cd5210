"""Loudness (ITU-R BS.1770-4, EBU R 128) and true peak."""

import math
from functools import cache

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.signal import Audio

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_STEPS_PER_BLOCK = 4
_CHUNK = 1 << 18
_OVERSAMPLING = 4
_PHASE_TAPS = 12


def integrated_lufs(audio: Audio, rate: int) -> float:
    """Gated loudness of the whole in LUFS; -inf for silence or less than 0.4 s."""
    return gated_lufs(step_powers(audio, rate, rate // 10))


def step_powers(audio: Audio, rate: int, step: int) -> NDArray[np.float64]:
    """K-weighted mean square, summed over channels, of each whole step of `step` samples; shape (steps,)."""
    steps = audio.shape[1] // step
    powers = np.zeros(steps)
    weighting = _k_weighting(rate)
    state = np.zeros((len(weighting), audio.shape[0], 2))
    per_chunk = max(1, _CHUNK // step)
    for first in range(0, steps, per_chunk):
        last = min(steps, first + per_chunk)
        heard, state = scipy.signal.sosfilt(weighting, audio[:, first * step : last * step].astype(float), zi=state)
        grouped = heard.reshape(audio.shape[0], last - first, step)
        powers[first:last] = np.einsum("csh,csh->s", grouped, grouped) / step
    return powers


def gated_lufs(powers: NDArray[np.float64]) -> float:
    """Integrated loudness of K-weighted powers, one for each 100 ms: blocks of 400 ms, 75 % overlap, two gates."""
    if len(powers) < _STEPS_PER_BLOCK:
        return -math.inf
    blocks = np.convolve(powers, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK), mode="valid")
    audible = blocks[blocks > _power_of(_ABSOLUTE_GATE_LUFS)]
    if len(audible) == 0:
        return -math.inf
    gate = audible.mean() * 10 ** (_RELATIVE_GATE_LU / 10)
    return -0.691 + 10 * math.log10(audible[audible > gate].mean())


def true_peaks(audio: Audio, hop: int) -> NDArray[np.float64]:
    """Greatest magnitude of the 4 times oversampled signal in each hop, over all channels; shape (ceil(n / hop),)."""
    hops = -(-audio.shape[1] // hop)
    peaks = np.zeros(hops)
    per_chunk = max(1, _CHUNK // hop)
    margin = _PHASE_TAPS
    for first in range(0, hops, per_chunk):
        last = min(hops, first + per_chunk)
        start, stop = first * hop, last * hop
        before, after = min(start, margin), max(0, stop + margin - audio.shape[1])
        part = np.pad(audio[:, start - before : stop + margin], ((0, 0), (margin - before, after)))
        peaks[first:last] = _chunk_peaks(part, last - first, margin)
    return peaks


def _chunk_peaks(part: Audio, hops: int, margin: int) -> NDArray[np.float64]:
    """Peaks of each of `hops` hops in `part`, which has `margin` samples to spare on both sides."""
    taps = _interpolator()
    delay = len(taps) // 2
    oversampled = scipy.signal.upfirdn(taps, part, up=_OVERSAMPLING)
    start = delay + margin * _OVERSAMPLING
    length = (part.shape[1] - 2 * margin) * _OVERSAMPLING
    inside = np.abs(oversampled[:, start : start + length]).reshape(part.shape[0], hops, -1)
    return np.asarray(inside.max(axis=(0, 2)), dtype=np.float64)


def _power_of(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@cache
def _interpolator() -> NDArray[np.float32]:
    taps = scipy.signal.firwin(_OVERSAMPLING * _PHASE_TAPS + 1, 1 / _OVERSAMPLING, window=("kaiser", 7.0))
    return np.asarray(taps * _OVERSAMPLING, dtype=np.float32)


@cache
def _k_weighting(rate: int) -> NDArray[np.float64]:
    """The two filters of BS.1770 for any sample rate, as second-order sections.

    The standard gives coefficients for 48 kHz only; these are the analogue parameters behind them
    (B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 2018).
    """
    return np.array([_head_shelf(rate, 1681.9744509555319), _low_cut(rate, 38.13547087602444)])


def _head_shelf(rate: int, hertz: float) -> list[float]:
    quality, high = 0.7071752369554193, 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    k = math.tan(math.pi * hertz / rate)
    norm = 1 + k / quality + k * k
    return [
        (high + middle * k / quality + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - middle * k / quality + k * k) / norm,
        1.0,
        2 * (k * k - 1) / norm,
        (1 - k / quality + k * k) / norm,
    ]


def _low_cut(rate: int, hertz: float) -> list[float]:
    quality = 0.5003270373238773
    k = math.tan(math.pi * hertz / rate)
    norm = 1 + k / quality + k * k
    return [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm]
