"""A guitar amplifier: tone, gate, two soft clips at twice the sample rate, and a loudspeaker of its own per side."""

from functools import cache

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.signal import Audio, apply_gains, convolve, gain_of, hold_and_fall, hop_of, hop_peaks, tone_filter
from inference.render.sounds import Amp, Curve

_BLOCK = 1 << 16
_MARGIN = 1 << 11
_SECOND_STAGE_DB = 12.0
_BIAS = 0.12
_TIGHT_HZ = 140.0
_SEEDS = (11, 23)
_GATE_SLOPE = 2.0
_RELEASE_DB_PER_S = 300.0


def amplify(dry: Audio, rate: int, amp: Amp) -> Audio:
    """Both channels through amp and cabinet, (2, n) -> (2, n). The level out depends little on the level in."""
    loud = convolve(_gate(dry, rate, amp.gate_db), _tone(amp.tone, rate))
    peak = float(np.abs(loud).max(initial=0.0))
    if peak > 0:  # a preset's drive then means the same for every SoundFont and velocity
        loud *= np.float32(gain_of(amp.drive_db) / peak)
    return convolve(_clip(loud, rate), _cabinets(amp.cabinet, rate))


def _gate(dry: Audio, rate: int, gate_db: float) -> Audio:
    """Silences what lies below `gate_db` of the loudest moment, which the clipping stages would lift to a hiss."""
    peaks = 20 * np.log10(hop_peaks(dry, hop_of(rate)).astype(float) + 1e-9)
    envelope = hold_and_fall(peaks, _RELEASE_DB_PER_S)
    below = np.minimum(envelope - envelope.max() - gate_db, 0.0)
    return apply_gains(dry, 10 ** (_GATE_SLOPE * below / 20), hop_of(rate))


def _clip(loud: Audio, rate: int) -> Audio:
    """In blocks, so that the oversampled signal stays small; the margins cover every filter's length."""
    out = np.zeros_like(loud)
    for start in range(0, loud.shape[1], _BLOCK):
        before = min(start, _MARGIN)
        block = loud[:, start - before : start + _BLOCK + _MARGIN]
        if np.abs(block).max(initial=0.0) > 1e-4:
            out[:, start : start + _BLOCK] = _stages(block, rate)[:, before : before + _BLOCK]
    return out


def _stages(block: Audio, rate: int) -> Audio:
    """Two clips with the bass cut between them: tight lows, and a bias for even harmonics."""
    fine = scipy.signal.resample_poly(block, 2, 1, axis=-1, window=_half_band())
    bias = np.float32(_BIAS)
    first = np.tanh(fine + bias) - np.tanh(bias)
    tight = scipy.signal.sosfilt(_between(2 * rate), first) * np.float32(gain_of(_SECOND_STAGE_DB))
    coarse = scipy.signal.resample_poly(np.tanh(tight), 1, 2, axis=-1, window=_half_band())
    return np.asarray(coarse, dtype=np.float32)


@cache
def _half_band() -> NDArray[np.float32]:
    """Short is enough: a cabinet lets nothing above 8 kHz through, and what folds below that lies over 40 kHz."""
    return np.asarray(scipy.signal.firwin(17, 0.5, window=("kaiser", 5.0)), dtype=np.float32)


@cache
def _between(rate: int) -> NDArray[np.float32]:
    sections = scipy.signal.butter(1, _TIGHT_HZ, "highpass", fs=rate, output="sos")
    return np.asarray(sections, dtype=np.float32)


@cache
def _tone(curve: Curve, rate: int) -> NDArray[np.float32]:
    return tone_filter(curve, rate)


@cache
def _cabinets(curve: Curve, rate: int) -> NDArray[np.float32]:
    return np.stack([tone_filter(curve, rate, seed) for seed in _SEEDS])
