"""What a note would have gone on to sound like, where its sample was cut before it had died away."""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from inference.render.signal import Audio

_HEARD_S = 1.2
_FRAME, _NOISE_FRAME = 1 << 14, 1 << 12
_MOST_PARTIALS = 40
_DEEP_DB = 55.0
_FITTED = 1 << 12
_BLEND = 1 << 11
_SLOWEST_DB_S, _FASTEST_DB_S = -3.0, -60.0
_SMOOTH = 33
_SEED = 7
_FRAMES_AT_ONCE = 64
_LATER = 0.85  # strings die away the slower the longer they sound: so much of how fast they did before, in pianos
_NEPER_DB = 20.0 / np.log(10.0)


def lasting(sound: Audio, start: int, length: int, rate: int, *, is_noise: bool) -> Audio:
    """`sound` as far as sample `start`, and from there on as it was dying away before, up to `length` samples.

    A string's partials each go on at their own pitch and fall as fast as each of them did; a cymbal's noise falls in
    each band as fast as it did there. Equal sounds are continued equally.
    """
    if start < _BLEND + _FRAME or length <= start or not np.any(sound[:, start - _FITTED : start]):
        return sound
    grown = np.zeros((len(sound), length), np.float32)
    grown[:, :start] = sound[:, :start]
    share = np.linspace(0.0, 1.0, _BLEND)
    for row, known in zip(grown, sound, strict=True):
        heard = known[max(0, start - int(_HEARD_S * rate)) : start].astype(float)
        more = _noise(heard, length - start, rate) if is_noise else _partials(heard, length - start, rate)
        blend = slice(start - _BLEND, start)
        old, new = (np.sqrt(1.0 - share), np.sqrt(share)) if is_noise else (1.0 - share, share)
        row[blend] = row[blend] * old + more[:_BLEND] * new
        row[start:] = more[_BLEND:]
    return grown


def _partials(heard: NDArray[np.float64], length: int, rate: int) -> NDArray[np.float64]:
    """Damped sines from `_BLEND` samples before the end of `heard` on."""
    levels = _levels(heard, _FRAME)
    last = levels[-1]
    inner = last[1:-1]
    is_peak = (inner > last[:-2]) & (inner >= last[2:]) & (inner > last.max() - _DEEP_DB)
    places = np.flatnonzero(is_peak) + 1
    places = np.sort(places[np.argsort(last[places])[-_MOST_PARTIALS:]])
    if not len(places):
        return np.zeros(_BLEND + length)
    below, at, above = last[places - 1], last[places], last[places + 1]
    hertz = (places + 0.5 * (below - above) / (below - 2 * at + above)) * rate / _FRAME
    fall = _LATER * _slopes(levels[:, places], rate, _FRAME) / _NEPER_DB
    poles = (fall + 2j * np.pi * hertz) / rate
    past = np.exp(poles[None, :] * np.arange(-_FITTED, 0)[:, None])
    answer = np.linalg.lstsq(np.hstack([past.real, -past.imag]), heard[-_FITTED:], rcond=1e-4)[0]
    amplitudes = answer[: len(places)] + 1j * answer[len(places) :]
    return _sines(amplitudes * np.exp(poles * -_BLEND), poles, _BLEND + length)


def _sines(amplitudes: NDArray[np.complex128], poles: NDArray[np.complex128], length: int) -> NDArray[np.float64]:
    """Their sum: a block's first sample times the way from there, so that few powers must be computed."""
    block = 512
    starts = amplitudes * np.exp(poles * (block * np.arange(-(-length // block)))[:, None])
    ways = np.exp(poles[:, None] * np.arange(block))
    return np.asarray((starts @ ways).real.reshape(-1)[:length], dtype=float)


def _noise(heard: NDArray[np.float64], length: int, rate: int) -> NDArray[np.float32]:
    """Noise with the spectrum at the end of `heard`, falling from `_BLEND` samples before its end on."""
    hop = _NOISE_FRAME // 4
    kernel = np.ones(_SMOOTH) / _SMOOTH
    powers = 10 ** (_levels(heard, _NOISE_FRAME) / 10)
    powers = np.stack([np.convolve(np.pad(one, _SMOOTH // 2, mode="edge"), kernel, mode="valid") for one in powers])
    levels = 10 * np.log10(powers + 1e-20)
    fall = _slopes(levels, rate, _NOISE_FRAME)
    ends = levels.mean(axis=0) + fall * (len(levels) - 1) / 2 * hop / rate
    frames = -(-(_BLEND + length) // hop) + 4
    late = ((np.arange(frames) * hop - _BLEND)[:, None] / rate).astype(np.float32)
    bins = late * (fall / _NEPER_DB).astype(np.float32)
    bins += (ends / _NEPER_DB).astype(np.float32)
    np.exp(bins, out=bins)
    window = np.hanning(_NOISE_FRAME + 1)[:-1].astype(np.float32)
    pieces = scipy.fft.irfft(_turned(frames)[:frames] * bins, _NOISE_FRAME, axis=-1)
    pieces *= window
    sound = np.zeros((frames + 3, hop), np.float32)
    for part in range(4):  # frames are four hops long
        sound[part : part + frames] += pieces[:, part * hop : (part + 1) * hop]
    # as much power as was measured: frames were weighted before, and are weighted and added up now
    power = float(np.square(window).mean() * np.square(window).sum()) / hop
    return sound.reshape(-1)[_NOISE_FRAME // 2 :][: _BLEND + length] / np.float32(np.sqrt(power))


def _turned(frames: int) -> NDArray[np.complex64]:
    """Numbers of magnitude 1, a row for each of at least so many frames; those of more frames begin alike."""
    return _turns(-(-frames // _FRAMES_AT_ONCE) * _FRAMES_AT_ONCE)


@lru_cache(2)
def _turns(frames: int) -> NDArray[np.complex64]:
    angles = np.random.default_rng(_SEED).random((frames, _NOISE_FRAME // 2 + 1)) * (2 * np.pi)
    return np.asarray(np.exp(1j * angles.astype(np.float32)), dtype=np.complex64)


def _levels(heard: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Spectra of the frames, in dB, a quarter of a frame apart; the last one ends where `heard` does."""
    window = np.hanning(size + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(heard[(len(heard) - size) % (size // 4) :], size)[:: size // 4]
    return np.asarray(20 * np.log10(np.abs(scipy.fft.rfft(frames * window, axis=-1)) + 1e-10), dtype=float)


def _slopes(levels: NDArray[np.float64], rate: int, size: int) -> NDArray[np.float64]:
    """How each column falls, in dB a second; what seems to rise or stand still falls slowly."""
    time = np.arange(len(levels)) * (size // 4) / rate
    time -= time.mean()
    slopes = time @ levels / max(1e-9, float(time @ time))
    return np.clip(slopes, _FASTEST_DB_S, _SLOWEST_DB_S)
