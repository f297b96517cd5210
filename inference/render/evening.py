"""Tones of the band's own SoundFont made even: samples of one instrument were not all recorded alike."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.render.signal import Audio, convolve, tone_filter
from inference.render.soundfonts.soundset import Soundset
from inference.render.synth import RATE, Tone

_EVENINGS = Path(__file__).parent / "soundfonts" / "evening.toml"
_BAND, _HEAD = b"LnH band, from FluidR3Mono", 400  # the name at the head of the file
_KNOTS_S = (0.15, 0.9, 3.9, 7.9)  # where the gains were measured
_EVEN = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Evening:
    """Gains in dB at `_KNOTS_S` of a note, and a curve (Hz, dB)."""

    db: tuple[float, ...] = _EVEN
    tone: tuple[tuple[float, float], ...] = ()


def even_out(played: dict[Tone, Audio], soundset: Soundset) -> dict[Tone, Audio]:
    """The same tones; those whose sample sticks out among the others of its instrument are made like them.

    A SoundFont that is not the band's own is left as it is.
    """
    own = frozenset(number for number, font in enumerate(soundset.fonts) if _BAND in font[:_HEAD])
    return {tone: _evened(sound, tone) if tone.preset.font in own else sound for tone, sound in played.items()}


def _evened(sound: Audio, tone: Tone) -> Audio:
    if tone.preset.is_drum:
        return sound
    evening = _evenings().get((tone.preset.program, tone.pitch))
    if evening is None:
        return sound
    if evening.tone:
        sound = convolve(sound, _filter(evening.tone))
    return sound if evening.db == _EVEN else sound * _gains(evening.db, sound.shape[1])


@cache
def _evenings() -> Mapping[tuple[int, int], Evening]:
    """By program and pitch."""
    found: dict[tuple[int, int], Evening] = {}
    for one in tomllib.loads(_EVENINGS.read_text(encoding="utf-8"))["evening"]:
        evening = Evening(
            tuple(float(gain) for gain in one.get("db", _EVEN)),
            tuple((float(a), float(b)) for a, b in one.get("tone", ())),
        )
        low, high = one["pitches"]
        found |= {(one["program"], pitch): evening for pitch in range(low, high + 1)}
    return found


def _gains(decibels: tuple[float, ...], samples: int) -> NDArray[np.float32]:
    step = RATE // 100
    coarse = np.arange(-(-samples // step) + 1) * (step / RATE)
    factors = (10 ** (np.interp(coarse, _KNOTS_S, decibels) / 20)).astype(np.float32)
    line = np.arange(step, dtype=np.float32) / np.float32(step)
    gains = factors[:-1, None] + np.diff(factors)[:, None] * line
    return np.asarray(gains.reshape(-1)[:samples], dtype=np.float32)


@cache
def _filter(curve: tuple[tuple[float, float], ...]) -> NDArray[np.float32]:
    return tone_filter(curve, RATE)
