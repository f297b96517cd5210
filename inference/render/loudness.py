"""Loudness (ITU-R BS.1770-4, EBU R 128) and true peak."""

import math
from functools import cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from inference.render.signal import Audio, Curve, blocks, convolve, hop_peaks

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_STEPS_PER_BLOCK = 4
_CHUNK = 1 << 17
_WEIGHTING_S = 0.06  # the filters have fallen by 100 dB then
_OVERSAMPLING = 4
_PHASE_TAPS = 12
_HOPS_AT_ONCE = 1 << 11
_MOST_BETWEEN = 1.5
_LOWS, _NOTHING = np.float32(0.9), 1e-30


def integrated_lufs(audio: Audio, rate: int) -> float:
    """Gated loudness of the whole in LUFS; -inf for silence or less than 0.4 s."""
    return gated_lufs(step_powers(audio, rate, rate // 10))


def step_powers(audio: Audio, rate: int, step: int) -> NDArray[np.float64]:
    """K-weighted mean square, summed over channels, of each whole step of `step` samples; shape (steps,)."""
    steps = audio.shape[1] // step
    powers = np.zeros(steps)
    weighting = _k_weighting(rate)
    per_chunk, before = max(1, _CHUNK // step), len(weighting) - 1
    for first in range(0, steps, per_chunk):
        last = min(steps, first + per_chunk)
        start = max(0, first * step - before)
        heard = convolve(audio[:, start : last * step], weighting)[:, first * step - start :]
        grouped = heard.reshape(audio.shape[0], last - first, step)
        powers[first:last] = np.einsum("csh,csh->s", grouped, grouped) / step
    return powers


def rough_powers(audio: Audio, rate: int, step: int, tone: Curve = ()) -> NDArray[np.float64]:
    """Nearly what `step_powers` says, for steps of a tenth of a second and more, in a third of its time.

    From the spectrum of each step alone: what a filter still hears of the step before is left out. `tone` is a curve
    (Hz, dB) through which the audio will yet go.
    """
    steps = audio.shape[1] // step
    powers = np.zeros(steps)
    weights = _bin_weights(rate, step, tuple(tone))
    per_chunk = max(1, _CHUNK // step)
    for first in range(0, steps, per_chunk):
        last = min(steps, first + per_chunk)
        grouped = audio[:, first * step : last * step].reshape(audio.shape[0], last - first, step)
        bins = scipy.fft.rfft(grouped, axis=-1).view(np.float32)
        np.square(bins, out=bins)
        powers[first:last] = (bins @ weights).sum(axis=0)
    return powers


def nearly_step_powers(audio: Audio, rate: int, step: int) -> NDArray[np.float64]:
    """As `step_powers` for steps of which some make up a tenth of a second, in a third of its time; whole tenths only.

    Each tenth has what `rough_powers` says of it. Within a tenth, steps share it as the sound does that a filter of two
    samples leaves of its lows.
    """
    tenth = round(rate / 10 / step) * step
    tenths = audio.shape[1] // tenth
    shares = [np.zeros(0)]
    for start, stop in blocks(tenths * tenth, step):
        bright = audio[:, start:stop].copy()
        first = 0 if start else 1  # nothing is before the very first sample
        bright[:, first:] -= _LOWS * audio[:, start + first - 1 : stop - 1]
        grouped = bright.reshape(len(audio), -1, step)
        shares.append(np.einsum("csh,csh->s", grouped, grouped))
    parts = np.concatenate(shares).reshape(tenths, tenth // step)
    means = np.maximum(parts.mean(axis=1, keepdims=True), _NOTHING)
    return np.asarray((parts / means * rough_powers(audio, rate, tenth)[:, None]).reshape(-1), dtype=np.float64)


def gated_lufs(powers: NDArray[np.float64]) -> float:
    """Integrated loudness of K-weighted powers, one for each 100 ms: blocks of 400 ms, 75 % overlap, two gates."""
    if len(powers) < _STEPS_PER_BLOCK:
        return -math.inf
    windows = np.convolve(powers, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK), mode="valid")
    audible = windows[windows > _power_of(_ABSOLUTE_GATE_LUFS)]
    if len(audible) == 0:
        return -math.inf
    gate = audible.mean() * 10 ** (_RELATIVE_GATE_LU / 10)
    return -0.691 + 10 * math.log10(audible[audible > gate].mean())


def true_peaks(audio: Audio, hop: int, above: float = 0.0) -> NDArray[np.float64]:
    """Greatest magnitude of the 4 times oversampled signal in each hop, over all channels; shape (ceil(n / hop),).

    Only hops that may get over `above` are oversampled: over some milliseconds, a signal is no more than half as high
    again between samples as at them (a fourth of the sample rate: 3 dB; mixes of all genres: 1.9 dB at most).
    """
    peaks = hop_peaks(audio, hop).astype(np.float64)
    around = np.maximum(peaks, np.maximum(np.append(peaks[1:], 0.0), np.append(0.0, peaks[:-1])))
    loud = np.flatnonzero(around * _MOST_BETWEEN > above)
    between = _between_samples(hop)
    for first in range(0, len(loud), _HOPS_AT_ONCE):
        some = loud[first : first + _HOPS_AT_ONCE]
        for channel in audio:
            values = _with_margins(channel, some, hop) @ between
            peaks[some] = np.maximum(peaks[some], np.maximum(values.max(axis=1), -values.min(axis=1)))
    return peaks


def _with_margins(channel: NDArray[np.float32], hops: NDArray[np.int64], hop: int) -> NDArray[np.float32]:
    """Each hop with what comes before and after it, a row each; silence beyond the ends."""
    width = hop + 2 * _PHASE_TAPS
    starts = hops * hop - _PHASE_TAPS
    rows = np.zeros((len(hops), width), np.float32)
    inside = (starts >= 0) & (starts + width <= len(channel))
    if inside.any():
        rows[inside] = np.lib.stride_tricks.sliding_window_view(channel, width)[starts[inside]]
    for row in np.flatnonzero(~inside).tolist():
        start = int(starts[row])
        heard = channel[max(0, start) : start + width]
        rows[row, max(0, -start) : max(0, -start) + len(heard)] = heard
    return rows


@cache
def _between_samples(hop: int) -> NDArray[np.float32]:
    """Matrix from a hop with its margins to the three values behind each of its samples, a quarter apart."""
    taps = _interpolator()
    matrix = np.zeros((hop + 2 * _PHASE_TAPS, hop * (_OVERSAMPLING - 1)), np.float32)
    middle = len(taps) // 2
    for sample in range(hop):
        for phase in range(1, _OVERSAMPLING):
            for at in range(sample, sample + 2 * _PHASE_TAPS + 1):
                tap = middle + phase - (at - sample - _PHASE_TAPS) * _OVERSAMPLING
                if 0 <= tap < len(taps):
                    matrix[at, sample * (_OVERSAMPLING - 1) + phase - 1] = taps[tap]
    return matrix


def _power_of(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@cache
def _interpolator() -> NDArray[np.float32]:
    taps = scipy.signal.firwin(_OVERSAMPLING * _PHASE_TAPS + 1, 1 / _OVERSAMPLING, window=("kaiser", 7.0))
    return np.asarray(taps * _OVERSAMPLING, dtype=np.float32)


@cache
def _k_weighting(rate: int) -> NDArray[np.float32]:
    """The answer of BS.1770's two filters to a click, for any sample rate.

    The standard gives coefficients for 48 kHz only; these are the analogue parameters behind them
    (B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 2018). As a convolution they
    take less time than sample after sample.
    """
    click = np.zeros(int(_WEIGHTING_S * rate))
    click[0] = 1.0
    sections = np.array([_head_shelf(rate, 1681.9744509555319), _low_cut(rate, 38.13547087602444)])
    return np.asarray(scipy.signal.sosfilt(sections, click), dtype=np.float32)


@cache
def _bin_weights(rate: int, step: int, tone: tuple[tuple[float, float], ...]) -> NDArray[np.float32]:
    """Of the squares of real and imaginary parts in turn, what each adds to the mean square of the weighted step."""
    weights = np.abs(scipy.fft.rfft(_k_weighting(rate), max(step, len(_k_weighting(rate))))) ** 2
    places = np.linspace(0.0, 1.0, step // 2 + 1)
    bins = np.interp(places, np.linspace(0.0, 1.0, len(weights)), weights) * 2.0
    if tone:
        hertz = np.maximum(places * rate / 2, 1.0)
        bins *= 10 ** (np.interp(np.log(hertz), np.log([at for at, _ in tone]), [db for _, db in tone]) / 10)
    bins[0] /= 2.0
    bins[-1] /= 2.0 if step % 2 == 0 else 1.0
    return np.asarray(np.repeat(bins, 2) / step**2, dtype=np.float32)


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
