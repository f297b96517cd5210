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

from inference.render.signal import Audio, compress, convolve, gain_of, peak_of, tone_filter
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
_HALF_BAND_PAIRS = 5
_STEP = 32


def shape_tone(tone: Audio, rate: int, amp: Amp, *, is_muted: bool) -> Audio:
    """What the amplifier's tone controls, and the heel of the hand on the strings, make of one dry note."""
    if is_muted:
        falling = 10.0 ** (-3.0 * np.arange(tone.shape[1]) / (amp.mute_s * rate))
        tone = _longer(tone * falling.astype(np.float32), _tone(amp.mute_tone, rate))
    return _longer(tone, _tone(amp.tone, rate))


def amplify(toned: Audio, amp: Amp, bars: NDArray[np.int64], *, rate: int, speaker: int = 0) -> Audio:
    """Each channel through the amplifier and a loudspeaker of its own; uses `toned` up, the answer is in its place.

    Args:
        toned: notes as `shape_tone` leaves them, (1 or 2, samples); the level out depends little on theirs.
        amp: the preset.
        bars: the samples at which bars start.
        rate: samples a second.
        speaker: which loudspeaker a single channel gets; there are two, of one make.
    """
    if amp.squeeze > 1 and np.any(toned):
        compress(toned, rate, 0.0, amp.squeeze, out=toned)
    peak = peak_of(toned)
    if peak == 0:
        return toned
    gain = np.float32(gain_of(amp.drive_db) / peak)  # a preset's drive means the same for every SoundFont and velocity
    before = np.zeros((len(toned), _MARGIN), np.float32)
    speakers = np.roll(_cabinets(amp.cabinet, rate), -speaker, axis=0)[: len(toned)]
    known: dict[bytes, Audio] = {}
    for start, stop in _blocks(bars, toned.shape[1], rate):
        window = _window(before, toned, start, stop)
        before = window[:, stop - start : stop - start + _MARGIN]
        if peak_of(window) * gain < _SILENT:
            toned[:, start:stop] = 0
            continue
        fingerprint = hashlib.sha256(window.data).digest()  # which processors have a command for
        if fingerprint not in known:
            wet = convolve(_stages(window * gain, rate), speakers)
            known[fingerprint] = wet[:, _MARGIN:-_AHEAD]
        toned[:, start:stop] = known[fingerprint][:, : stop - start]
    return toned


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


def _window(before: Audio, toned: Audio, start: int, stop: int) -> Audio:
    """The block with what came before it and what comes after, contiguous."""
    window = np.zeros((len(toned), stop - start + _MARGIN + _AHEAD), np.float32)
    window[:, :_MARGIN] = before
    heard = toned[:, start : stop + _AHEAD]
    window[:, _MARGIN : _MARGIN + heard.shape[1]] = heard
    return window


def _stages(block: Audio, rate: int) -> Audio:
    """Two clips with the bass cut between them: tight lows, and a bias for even harmonics.

    The samples in between, which the clips need so that their overtones do not fold back, are an array of their own.
    """
    bias, lift = np.float32(_BIAS), np.float32(gain_of(_SECOND_STAGE_DB))
    offset = np.tanh(bias)
    sides = [np.tanh(part + bias) - offset for part in (block, _between(block))]
    low = _low_pass(sides[0] + sides[1], _bass_pole(rate), 0.5)
    for side in sides:
        np.subtract(side, low, out=side)
        np.multiply(side, lift, out=side)
        np.tanh(side, out=side)
    return np.asarray((sides[0] + _between(sides[1], late=1)) * np.float32(0.5), dtype=np.float32)


def _between(block: Audio, late: int = 0) -> Audio:
    """The values half a sample after each sample, or with `late` before it; none are known beyond the ends."""
    taps = _half_band().tolist()
    channels, size = block.shape
    padded = np.zeros((channels, size + 2 * len(taps)), np.float32)
    padded[:, len(taps) : -len(taps)] = block
    middle = len(taps) - late
    out, pair = np.zeros_like(block), np.empty_like(block)
    for step, tap in enumerate(taps):
        before, after = padded[:, middle - step :], padded[:, middle + 1 + step :]
        np.add(before[:, :size], after[:, :size], out=pair)
        pair *= np.float32(tap)
        out += pair
    return out


def _low_pass(block: Audio, pole: float, gain: float) -> Audio:
    """A filter of the first order, times `gain`, that starts from silence.

    Sample after sample would cost more than all the rest of the amplifier: so in steps of `_STEP` samples, each of them
    one row of a product of matrices, and only what a step hands on to the next is computed one after the other.
    """
    channels, size = block.shape
    steps = -(-size // _STEP)
    fed = np.zeros((channels, steps * _STEP), np.float32)
    fed[:, :size] = block
    fed[:, 1:size] += block[:, :-1]
    fed *= np.float32(gain * (1.0 - pole) / 2.0)
    alone = (fed.reshape(-1, _STEP) @ _fading(pole)).reshape(channels, steps, _STEP)
    kept = pole**_STEP
    carried = scipy.signal.lfilter([1.0], [1.0, -kept], alone[:, :, -1].astype(float), axis=-1)
    alone[:, 1:] += carried[:, :-1, None].astype(np.float32) * np.float32(pole) * _fading(pole)[0]
    return alone.reshape(channels, -1)[:, :size]


def _longer(tone: Audio, taps: NDArray[np.float32]) -> Audio:
    """Through a filter, with the filter's ring after the end."""
    return convolve(np.pad(tone, ((0, 0), (0, len(taps) // 2))), taps)


@cache
def _half_band() -> NDArray[np.float32]:
    """One side of a half-band filter's odd taps.

    Short is enough: a cabinet lets nothing above 8 kHz through, and what folds below that lies over 40 kHz.
    """
    taps = scipy.signal.firwin(4 * _HALF_BAND_PAIRS - 1, 0.5, window=("kaiser", 5.0))
    odd = 2.0 * taps[2 * _HALF_BAND_PAIRS :: 2]
    return np.asarray(odd / (2 * odd.sum()), dtype=np.float32)


@cache
def _bass_pole(rate: int) -> float:
    _, answer = scipy.signal.butter(1, _TIGHT_HZ, "lowpass", fs=rate)
    return -float(answer[1])


@cache
def _fading(pole: float) -> NDArray[np.float32]:
    """Row by row what a sample leaves in itself and in those behind it, in one step."""
    late = np.arange(_STEP)[None, :] - np.arange(_STEP)[:, None]
    return np.where(late >= 0, pole ** np.maximum(late, 0), 0.0).astype(np.float32)


@cache
def _tone(curve: Curve, rate: int) -> NDArray[np.float32]:
    return tone_filter(curve, rate)


@cache
def _cabinets(curve: Curve, rate: int) -> NDArray[np.float32]:
    return np.stack([tone_filter(curve, rate, seed) for seed in _SEEDS])
