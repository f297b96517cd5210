"""A guitar amplifier: tone, two soft clips at twice the sample rate, and a loudspeaker of its own for each side.

It works bar by bar. A bar whose dry sound has been heard before (with the tail of the bar before it) is not computed
again: its amplified sound is the same bit for bit.
"""

import hashlib
from collections.abc import Iterator
from functools import cache

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.signal import Audio, compress, convolve, gain_of, tone_filter
from inference.render.sounds import Amp, Curve

_MARGIN = 1 << 12  # longer than every filter's answer
_AHEAD = 64
_SHORTEST_S = 0.5
_LONGEST_S = 8.0
_SECOND_STAGE_DB = 12.0
_BIAS = 0.12
_TIGHT_HZ = 140.0
_SEEDS = (11, 23)
_SILENT = 1e-4


def shape_tone(tone: Audio, rate: int, amp: Amp, *, is_muted: bool) -> Audio:
    """What the amplifier's tone controls, and the heel of the hand on the strings, make of one dry note."""
    if is_muted:
        falling = 10.0 ** (-3.0 * np.arange(tone.shape[1]) / (amp.mute_s * rate))
        tone = _longer(tone * falling.astype(np.float32), _tone(amp.mute_tone, rate))
    return _longer(tone, _tone(amp.tone, rate))


def amplify(toned: Audio, rate: int, amp: Amp, bars: NDArray[np.int64]) -> Audio:
    """Each channel through amplifier and loudspeaker; `bars` are the samples at which bars start.

    Takes notes as `shape_tone` leaves them. The level out depends little on the level in.
    """
    if amp.squeeze > 1 and np.any(toned):
        toned = compress(toned, rate, 0.0, amp.squeeze)
    peak = float(np.abs(toned).max(initial=0.0))
    if peak == 0:
        return toned
    gain = np.float32(gain_of(amp.drive_db) / peak)  # a preset's drive means the same for every SoundFont and velocity
    out = np.zeros_like(toned)
    known: dict[bytes, Audio] = {}
    for start, stop in _blocks(bars, toned.shape[1], rate):
        window = _window(toned, start, stop)
        if np.abs(window).max() * gain < _SILENT:
            continue
        fingerprint = hashlib.blake2b(window.data, digest_size=16).digest()
        if fingerprint not in known:
            wet = convolve(_stages(window * gain, rate), _cabinets(amp.cabinet, rate)[: len(toned)])
            known[fingerprint] = wet[:, _MARGIN:-_AHEAD]
        out[:, start:stop] = known[fingerprint][:, : stop - start]
    return out


def _blocks(bars: NDArray[np.int64], samples: int, rate: int) -> Iterator[tuple[int, int]]:
    """Bars, where they are neither very short nor very long."""
    at = 0
    for bar in [*bars.tolist(), samples]:
        while bar - at > _LONGEST_S * rate:
            yield at, at + int(_LONGEST_S * rate)
            at += int(_LONGEST_S * rate)
        if bar - at >= _SHORTEST_S * rate or (bar == samples and bar > at):
            yield at, min(bar, samples)
            at = bar


def _window(toned: Audio, start: int, stop: int) -> Audio:
    """The block with what comes before and after it, contiguous."""
    window = np.zeros((len(toned), stop - start + _MARGIN + _AHEAD), np.float32)
    first, last = max(0, start - _MARGIN), min(toned.shape[1], stop + _AHEAD)
    window[:, first - start + _MARGIN : last - start + _MARGIN] = toned[:, first:last]
    return window


def _stages(block: Audio, rate: int) -> Audio:
    """Two clips with the bass cut between them: tight lows, and a bias for even harmonics."""
    fine = scipy.signal.resample_poly(block, 2, 1, axis=-1, window=_half_band())
    bias = np.float32(_BIAS)
    first = np.tanh(fine + bias) - np.tanh(bias)
    tight = scipy.signal.sosfilt(_between(2 * rate), first) * np.float32(gain_of(_SECOND_STAGE_DB))
    coarse = scipy.signal.resample_poly(np.tanh(tight), 1, 2, axis=-1, window=_half_band())
    return np.asarray(coarse, dtype=np.float32)


def _longer(tone: Audio, taps: NDArray[np.float32]) -> Audio:
    """Through a filter, with the filter's ring after the end."""
    return convolve(np.pad(tone, ((0, 0), (0, len(taps) // 2))), taps)


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
