"""The last touch: an ending, glue, and the loudness and peak that players expect."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from inference.render.loudness import gated_lufs, nearly_step_powers, true_peaks
from inference.render.signal import (
    HOPS_PER_SECOND,
    Audio,
    Curve,
    apply_gains,
    compression,
    convolve,
    gain_of,
    hold_and_fall,
    hop_of,
    hop_peaks,
    peak_of,
    tone_filter,
)
from inference.render.sounds import Sound

TARGET_LUFS = -14.0
CEILING_DBTP = -1.5  # half a dB under what is promised: the MP3 encoder adds peaks of its own
_SILENT = 10 ** (-66 / 20)
_FADE_S = 0.1
_SOUGHT_STEPS = 256
_LOOKAHEAD_STEPS = 4
_REACH = 2 * _LOOKAHEAD_STEPS + 2  # this step and those behind it that it makes room for
_RELEASE_DB_PER_S = 90.0
_TOLERANCE_LU = 0.05
_ROUNDS = 12
_LIMITING_DB = (1.0, 4.0, 14.0)  # first what is usual, so that few hops must be looked at, then what may be
_MOST_ROUNDINGS = 12
_CLOSE_ENOUGH_LU = 0.2
_KNEE = 0.6
_GLUE_ABOVE_DB = 3.0


@dataclass(frozen=True, slots=True)
class Mastered:
    """A finished mix, and the gains of the two that took loudness away for it, one a millisecond."""

    audio: Audio
    glue: NDArray[np.float64]
    limiter: NDArray[np.float64]


def master(mix: Audio, rate: int, sound: Sound) -> Audio:
    """Trims and fades the end, then brings the mix to `TARGET_LUFS` under `CEILING_DBTP`. Silence stays silent.

    Uses `mix` up: the answer is a part of it.
    """
    return mastered(mix, rate, sound).audio


def mastered(mix: Audio, rate: int, sound: Sound) -> Mastered:
    """As `master`, with what was done on the way."""
    if sound.tone:
        convolve(mix, _tone(sound.tone, rate), out=mix)
    audio = fade_out(mix, rate)
    glue = np.ones(0)
    if sound.glue > 1 and np.any(audio):
        glue = compression(audio, rate, _GLUE_ABOVE_DB, sound.glue)
        apply_gains(audio, glue, hop_of(rate), out=audio)
    limiter = _limit(audio, rate)
    return Mastered(audio, glue, limiter)


def fade_out(audio: Audio, rate: int) -> Audio:
    """Cuts the silence after the last sound, without a click; the answer is a part of `audio`."""
    kept = audio[:, : _audible(audio, hop_of(rate))]
    length = min(kept.shape[1], int(_FADE_S * rate))
    if length:
        kept[:, -length:] *= (0.5 + 0.5 * np.cos(np.linspace(0, math.pi, length))).astype(np.float32)
    return kept


def _audible(audio: Audio, hop: int) -> int:
    """Samples until the end of the last step in which anything is heard, all of them if nothing ever is."""
    floor, at_once = peak_of(audio) * _SILENT, _SOUGHT_STEPS * hop
    for start in range((audio.shape[1] - 1) // at_once * at_once, -1, -at_once):
        heard = np.flatnonzero(hop_peaks(audio[:, start : start + at_once], hop) > floor)
        if len(heard):
            return min(int(audio.shape[1]), start + (int(heard[-1]) + 1) * hop)
    return int(audio.shape[1])


def limit(audio: Audio, rate: int) -> Audio:
    """Gain to the target loudness with a look-ahead limiter on the true peak.

    Sharp hits over near silence cannot be that loud under the ceiling; their peaks are rounded until they can. Works in
    place.
    """
    _limit(audio, rate)
    return audio


def _limit(audio: Audio, rate: int) -> NDArray[np.float64]:
    """As `limit`; the limiter's gains, 1 where it lets the sound pass."""
    peak = peak_of(audio)
    if peak == 0:
        return np.ones(0)
    scale = 1.0 / peak  # well over the gate of the loudness measure, however softly they played
    for _ in range(_MOST_ROUNDINGS):
        gains, missing = _seek_gains(audio, rate, scale)
        if missing < _CLOSE_ENOUGH_LU:
            break
        knee = np.float32(peak_of(audio) * _KNEE)
        np.divide(audio, knee, out=audio)
        np.tanh(audio, out=audio)
        np.multiply(audio, knee, out=audio)
    apply_gains(audio, gains * scale, hop_of(rate), out=audio)
    return np.asarray(gains / gains.max(), dtype=np.float64)


def _seek_gains(audio: Audio, rate: int, scale: float) -> tuple[NDArray[np.float64], float]:
    """Gain of each step of the audio times `scale` for the target loudness, and the LU by which it still falls short.

    The limiter lowers the loudness a little, so the gain is sought: K-weighted power and true peak of each millisecond
    are measured once, and the loudness of any gain curve follows from them.
    """
    powers = nearly_step_powers(audio, rate, hop_of(rate)) * scale**2
    gains = np.ones(-(-audio.shape[1] // hop_of(rate)))
    missing = TARGET_LUFS - _loudness(powers, gains)
    if not math.isfinite(missing):
        return gains * gain_of(CEILING_DBTP), 0.0  # a click too short to have a loudness
    for spare_db in _LIMITING_DB:
        most_db = missing + spare_db
        peaks = true_peaks(audio, hop_of(rate), above=gain_of(CEILING_DBTP - most_db) / scale)
        gain_db, gains, short = _search(powers, 20 * np.log10(peaks * scale + 1e-9), most_db)
        if gain_db < most_db:
            break
    return gains, short


def _search(
    powers: NDArray[np.float64], peaks_db: NDArray[np.float64], most_db: float
) -> tuple[float, NDArray[np.float64], float]:
    """The gain before the limiter that gives the target loudness, at most `most_db`, its curve, and the LU missing."""
    gain_db, gains = 0.0, _gain_curve(peaks_db, 0.0)  # under the ceiling, even where no gain is needed
    missing = TARGET_LUFS - _loudness(powers, gains)
    for _ in range(_ROUNDS):
        if abs(missing) < _TOLERANCE_LU or (missing > 0 and gain_db >= most_db):
            break
        gain_db = min(most_db, gain_db + missing)
        gains = _gain_curve(peaks_db, gain_db)
        missing = TARGET_LUFS - _loudness(powers, gains)
    return gain_db, gains, missing


def _loudness(powers: NDArray[np.float64], gains: NDArray[np.float64]) -> float:
    """Integrated loudness after the gains, in LUFS."""
    heard = powers * gains[: len(powers)] ** 2
    tenths = len(heard) // (HOPS_PER_SECOND // 10)
    return gated_lufs(heard[: tenths * (HOPS_PER_SECOND // 10)].reshape(tenths, -1).mean(axis=1))


@cache
def _tone(curve: Curve, rate: int) -> NDArray[np.float32]:
    return tone_filter(curve, rate)


def _gain_curve(peaks_db: NDArray[np.float64], gain_db: float) -> NDArray[np.float64]:
    """Factor of each step: the gain, less what keeps the peaks around it under the ceiling."""
    over = np.maximum(peaks_db + (gain_db - CEILING_DBTP), 0.0)
    soonest = scipy.ndimage.maximum_filter1d(over, _REACH, origin=-(_REACH // 2), mode="constant")
    held = hold_and_fall(soonest, _RELEASE_DB_PER_S)
    window = np.hanning(_LOOKAHEAD_STEPS * 2 + 1)[1:-1]
    smooth = np.convolve(np.pad(held, (len(window) - 1, 0), mode="edge"), window / window.sum(), mode="valid")
    return np.asarray(10 ** ((gain_db - np.maximum(smooth, 0.0)) / 20))
