"""Small tools on audio: arrays of float32, shape (channels, samples), full scale +-1."""

from collections.abc import Sequence

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Curve = Sequence[tuple[float, float]]
HOPS_PER_SECOND = 1000
_TAPS = 2048
_CHUNK = 1 << 19
_FLOOR_DB = -150.0


def gain_of(db: float) -> float:
    """The factor of a gain in dB."""
    return float(10.0 ** (db / 20.0))


def hop_of(rate: int) -> int:
    """Samples per control step, about a millisecond."""
    return rate // HOPS_PER_SECOND


def tone_filter(curve: Curve, rate: int, ripple_seed: int | None = None) -> NDArray[np.float32]:
    """Taps of a minimum-phase filter that follows `curve`, pairs of (Hz, dB) in rising order.

    Between the points the gain is straight over log frequency. A `ripple_seed` adds the small unevenness (2 dB, above
    800 Hz) that makes two loudspeakers of one make sound apart.
    """
    size = 4 * _TAPS
    hertz = np.maximum(scipy.fft.rfftfreq(size, 1 / rate), 1.0)
    points = np.array(curve, dtype=float)
    decibels = np.interp(np.log(hertz), np.log(points[:, 0]), points[:, 1])
    if ripple_seed is not None:
        octaves = np.arange(9.5, 15.0, 0.25)
        ripple = np.random.default_rng(ripple_seed).normal(0.0, 2.0, len(octaves))
        decibels += np.interp(np.log2(hertz), octaves, ripple, left=0.0)
    return _minimum_phase(decibels, size)[:_TAPS]


def _minimum_phase(decibels: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Folds the real cepstrum of the magnitude onto positive time (Oppenheim & Schafer, section 13.8)."""
    cepstrum = scipy.fft.irfft(np.maximum(decibels, -100.0) * (np.log(10) / 20), size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    taps = scipy.fft.irfft(np.exp(scipy.fft.rfft(cepstrum)), size)
    return np.asarray(taps, dtype=np.float32)


def convolve(audio: Audio, taps: NDArray[np.float32]) -> Audio:
    """`audio` through a filter (taps of shape (n,) or one row a channel), cut to its own length."""
    rows = np.broadcast_to(np.atleast_2d(taps), (audio.shape[0], taps.shape[-1]))
    wet = np.empty_like(audio)
    for start in range(0, audio.shape[1], _CHUNK):
        before = min(start, rows.shape[1] - 1)
        part = scipy.signal.oaconvolve(audio[:, start - before : start + _CHUNK], rows, axes=-1)
        wet[:, start : start + _CHUNK] = part[:, before : before + min(_CHUNK, audio.shape[1] - start)]
    return wet


def hop_peaks(audio: Audio, hop: int) -> NDArray[np.float32]:
    """Greatest magnitude of any channel in each control step, shape (steps,)."""
    return np.asarray(np.abs(_in_hops(audio, hop)).max(axis=(0, 2)))


def hop_levels_db(audio: Audio, hop: int) -> NDArray[np.float64]:
    """Root mean square over the channels of each control step in dB, shape (steps,)."""
    steps = _in_hops(audio, hop)
    power = np.einsum("csh,csh->s", steps, steps) / (steps.shape[0] * hop)
    return np.asarray(10 * np.log10(power + 10 ** (_FLOOR_DB / 10)), dtype=np.float64)


def _in_hops(audio: Audio, hop: int) -> Audio:
    missing = -audio.shape[1] % hop
    padded = np.pad(audio, ((0, 0), (0, missing))) if missing else audio
    return padded.reshape(audio.shape[0], -1, hop)


def hold_and_fall(levels_db: NDArray[np.float64], fall_db_per_s: float) -> NDArray[np.float64]:
    """An envelope that rises at once and falls in a straight line (in dB); one value a control step."""
    slope = np.arange(len(levels_db)) * (fall_db_per_s / HOPS_PER_SECOND)
    return np.asarray(np.maximum.accumulate(levels_db + slope) - slope)


def apply_gains(audio: Audio, gains: NDArray[np.float64], hop: int) -> Audio:
    """Each control step ends at its own gain and starts at the one before; straight lines between, so no clicks."""
    ends = gains.astype(np.float32)[:, None]
    starts = np.concatenate((ends[:1], ends[:-1]))
    ramp = np.linspace(0.0, 1.0, hop, dtype=np.float32)
    return audio * (starts + (ends - starts) * ramp).reshape(-1)[: audio.shape[1]]


def compress(audio: Audio, rate: int, above_db: float, ratio: float) -> Audio:
    """Lowers what is louder than `above_db` over the signal's own average level; release 120 dB/s.

    The threshold follows the signal, so a preset works for quiet and loud SoundFonts alike.
    """
    levels = hop_levels_db(audio, hop_of(rate))
    sounding = levels[levels > levels.max() - 40]
    envelope = hold_and_fall(levels, 120.0)
    threshold = float(sounding.mean()) + above_db
    cut = np.maximum(envelope - threshold, 0.0) * (1.0 / ratio - 1.0)
    attack = np.hanning(9)[1:-1]
    smooth = np.convolve(np.pad(cut, 3, mode="edge"), attack / attack.sum(), mode="valid")
    return apply_gains(audio, 10 ** (smooth / 20), hop_of(rate))
