"""Measures a finished mix: loudness, peaks, dynamics, width, spectrum and faults."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.loudness import gated_lufs, integrated_lufs, step_powers, true_peaks
from inference.render.signal import Audio, hop_of

BANDS_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
_SHORT_TERM_STEPS, _STEP_S = 30, 0.1
_QUIET_GATE_LU = 20.0


@dataclass(frozen=True, slots=True)
class SoundFigures:
    """One mix.

    Args:
        lufs: integrated loudness.
        true_peak_db: dBTP.
        crest_db: sample peak over root mean square.
        range_lu: loud (95 %) against soft (10 %) stretches of three seconds, as EBU Tech 3342 has it.
        width_db: the sides' power against the middle's; -inf for mono.
        correlation: of left and right.
        dc: greatest mean of a channel, full scale 1.
        bands_db: power of each octave around `BANDS_HZ` against the whole.
    """

    lufs: float
    true_peak_db: float
    crest_db: float
    range_lu: float
    width_db: float
    correlation: float
    dc: float
    bands_db: tuple[float, ...]


def measure(audio: Audio, rate: int) -> SoundFigures:
    """Figures of a stereo mix that is not silent."""
    middle, side = (audio[0] + audio[1]) / 2, (audio[0] - audio[1]) / 2
    power = float(np.mean(np.square(audio)))
    return SoundFigures(
        lufs=integrated_lufs(audio, rate),
        true_peak_db=_db(float(true_peaks(audio, hop_of(rate)).max()) ** 2),
        crest_db=_db(float(np.abs(audio).max()) ** 2 / power),
        range_lu=_range(audio, rate),
        width_db=_db(float(np.mean(np.square(side))) / float(np.mean(np.square(middle)))),
        correlation=float(np.asarray(np.corrcoef(audio))[0, 1]),
        dc=float(np.abs(audio.mean(axis=1)).max()),
        bands_db=tuple(float(band) for band in _bands(audio, rate)),
    )


def _range(audio: Audio, rate: int) -> float:
    """Loudness range in LU; 0 where there are less than three seconds."""
    powers = step_powers(audio, rate, round(rate * _STEP_S))
    if len(powers) < _SHORT_TERM_STEPS:
        return 0.0
    heard = np.convolve(powers, np.full(_SHORT_TERM_STEPS, 1 / _SHORT_TERM_STEPS), mode="valid")
    loudness = -0.691 + 10 * np.log10(heard + 1e-12)
    kept = loudness[loudness > gated_lufs(powers) - _QUIET_GATE_LU]
    return float(np.percentile(kept, 95) - np.percentile(kept, 10))


def _bands(audio: Audio, rate: int) -> NDArray[np.float64]:
    hertz, density = scipy.signal.welch(audio, rate, nperseg=8192, axis=-1)
    power: NDArray[np.float64] = np.add.reduce(np.asarray(density, dtype=np.float64))
    edges = [(centre / math.sqrt(2), centre * math.sqrt(2)) for centre in BANDS_HZ]
    shares = np.array([power[(hertz >= low) & (hertz < high)].sum() for low, high in edges])
    return np.asarray(10 * np.log10(shares / power.sum() + 1e-12))


def _db(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf
