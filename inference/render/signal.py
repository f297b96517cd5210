"""Small tools on audio: arrays of float32, shape (channels, samples), full scale +-1."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray
from scipy.linalg.blas import saxpy

Audio = NDArray[np.float32]
Curve = Sequence[tuple[float, float]]
HOPS_PER_SECOND = 1000
RELEASE_DB_PER_S = 120.0
_TAPS = 2048
_FFT = 1 << 14
_ROWS, _LANES, _ALONE = 16, 4, 2.3  # transforms at once; how many the processor makes in one, and what one alone costs
_BLOCK = 1 << 15
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


def convolve(audio: Audio, taps: NDArray[np.float32], out: Audio | None = None) -> Audio:
    """`audio` through a filter (taps of shape (n,) or one row a channel), cut to its own length.

    `out`, where the answer goes, may be `audio` itself: a song is large, and fresh memory is slow to come by.
    """
    rows = np.atleast_2d(taps)
    reach, channels = rows.shape[1] - 1, len(audio)
    size = _transform_size(audio.shape[1], channels, reach)
    step, at_once = size - reach, max(1, _ROWS // channels)
    spectrum = scipy.fft.rfft(rows, size, axis=-1)[:, None]
    wet = np.empty_like(audio) if out is None else out
    before = np.zeros((channels, reach), np.float32)
    for start in range(0, audio.shape[1], at_once * step):
        part = audio[:, start : start + at_once * step]
        length = part.shape[1]
        whole = -(-length // step) * step
        line = np.zeros((channels, reach + whole), np.float32)
        line[:, :reach] = before
        line[:, reach : reach + length] = part
        before = line[:, whole : whole + reach]
        frames = np.lib.stride_tricks.sliding_window_view(line, size, axis=1)[:, ::step]
        bins = scipy.fft.rfft(frames, axis=-1)
        bins *= spectrum
        heard = scipy.fft.irfft(bins, size, axis=-1, overwrite_x=True)[:, :, reach:]
        wet[:, start : start + length] = heard.reshape(channels, -1)[:, :length]
    return wet


@lru_cache(4096)
def _transform_size(samples: int, channels: int, reach: int) -> int:
    """The cheapest block: transforms of four and more rows at once take less than half the time of single ones."""
    most = scipy.fft.next_fast_len(max(_FFT, 4 * reach), real=True)
    sizes = {scipy.fft.next_fast_len(reach + -(-samples // parts), real=True) for parts in (1, 2, 4, 8, 16)}
    fitting = [int(size) for size in {*sizes, most} if size <= most]
    return min(fitting, key=lambda size: _work(size, samples, channels, reach))


def _work(size: int, samples: int, channels: int, reach: int) -> float:
    rows = channels * -(-samples // (size - reach))
    return float(size * (rows // _LANES * _LANES + rows % _LANES * _ALONE))


def add_scaled(row: NDArray[np.float32], at: int, sound: NDArray[np.float32], gain: float) -> None:
    """Adds `sound` times `gain` to a row from sample `at` on, in place and in one go: there is no array in between.

    Raises:
        ValueError: the row does not lie in one piece, or it is too short.
    """
    if not row.flags.c_contiguous or at < 0 or at + len(sound) > len(row):
        raise ValueError("there is no room for the sound in this row")
    if len(sound):
        saxpy(sound, row, len(sound), gain, 0, 1, at)


def hop_peaks(audio: Audio, hop: int) -> NDArray[np.float32]:
    """Greatest magnitude of any channel in each control step, shape (steps,)."""
    peaks = [np.zeros(0, np.float32)]
    for start, stop in blocks(audio.shape[1], hop):
        loudest = np.abs(audio[:, start:stop]).max(axis=0)
        peaks.append(np.maximum.reduceat(loudest, np.arange(0, stop - start, hop)))
    return np.concatenate(peaks)


def hop_levels_db(audio: Audio, hop: int) -> NDArray[np.float64]:
    """Root mean square over the channels of each control step in dB, shape (steps,)."""
    powers = [np.einsum("csh,csh->s", steps, steps) for steps in _in_hops(audio, hop)]
    power = np.concatenate(powers).astype(np.float64) / (audio.shape[0] * hop) if powers else np.zeros(0)
    return np.asarray(10 * np.log10(power + 10 ** (_FLOOR_DB / 10)), dtype=np.float64)


def _in_hops(audio: Audio, hop: int) -> Iterator[Audio]:
    """Block by block, shape (channels, steps, hop); the last step is filled up with silence."""
    for start, stop in blocks(audio.shape[1], hop):
        block = audio[:, start:stop]
        missing = -block.shape[1] % hop
        padded = np.pad(block, ((0, 0), (0, missing))) if missing else block
        yield padded.reshape(audio.shape[0], -1, hop)


def hold_and_fall(levels_db: NDArray[np.float64], fall_db_per_s: float) -> NDArray[np.float64]:
    """An envelope that rises at once and falls in a straight line (in dB); one value a control step."""
    slope = np.arange(len(levels_db)) * (fall_db_per_s / HOPS_PER_SECOND)
    return np.asarray(np.maximum.accumulate(levels_db + slope) - slope)


def ramp(gains: NDArray[np.float64], first: int, hop: int, samples: int) -> NDArray[np.float32]:
    """Gains of the control steps from `first` on, sample by sample for `samples` samples.

    Each step ends at its own gain and starts at the one before; straight lines between, so no clicks.
    """
    steps = -(-samples // hop)
    ends = gains[first : first + steps].astype(np.float32)
    starts = np.concatenate((gains[max(0, first - 1) : max(1, first)].astype(np.float32), ends[:-1]))
    line = np.linspace(0.0, 1.0, hop, dtype=np.float32)
    return (starts[:, None] + (ends - starts)[:, None] * line).reshape(-1)[:samples]


def apply_gains(audio: Audio, gains: NDArray[np.float64], hop: int, out: Audio | None = None) -> Audio:
    """`audio` times a gain for each control step, as `ramp` says; `out` may be `audio` itself."""
    heard = np.empty_like(audio) if out is None else out
    for start, stop in blocks(audio.shape[1], hop):
        np.multiply(audio[:, start:stop], ramp(gains, start // hop, hop, stop - start), out=heard[:, start:stop])
    return heard


def blocks(samples: int, hop: int = 1) -> Iterator[tuple[int, int]]:
    """Ranges of some thousand samples, whole control steps each, that fit a processor's cache one by one."""
    size = _BLOCK // hop * hop
    for start in range(0, samples, size):
        yield start, min(samples, start + size)


def compress(audio: Audio, rate: int, above_db: float, ratio: float, out: Audio | None = None) -> Audio:
    """Lowers what is louder than `above_db` over the signal's own average level; it lets go at
    `RELEASE_DB_PER_S`.

    `out` may be `audio` itself.
    """
    return apply_gains(audio, compression(audio, rate, above_db, ratio), hop_of(rate), out)


def peak_of(audio: Audio) -> float:
    """Greatest magnitude of all samples; 0 where there are none."""
    return max(0.0, float(audio.max(initial=0.0)), -float(audio.min(initial=0.0)))


def compression(audio: Audio, rate: int, above_db: float, ratio: float) -> NDArray[np.float64]:
    """The gains of `compress`, one a control step.

    The threshold follows the signal, so a preset works for quiet and loud SoundFonts alike.
    """
    return compression_of(hop_levels_db(audio, hop_of(rate)), above_db, ratio)


def compression_of(levels: NDArray[np.float64], above_db: float, ratio: float) -> NDArray[np.float64]:
    """The gains of `compress`, of the levels in dB of the control steps."""
    envelope = hold_and_fall(levels, RELEASE_DB_PER_S)
    threshold = float(sounding(levels).mean()) + above_db
    cut = np.maximum(envelope - threshold, 0.0) * (1.0 / ratio - 1.0)
    attack = np.hanning(9)[1:-1]
    smooth = np.convolve(np.pad(cut, 3, mode="edge"), attack / attack.sum(), mode="valid")
    return np.asarray(10 ** (smooth / 20), dtype=np.float64)


def sounding(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of the levels in dB at which something plays: less than 40 dB under the loudest."""
    return np.asarray(levels[levels > levels.max() - 40], dtype=np.float64)
