"""The sampled sound behind a voice of a SoundFont, and what the voice does to it apart from its envelope."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.render.soundfonts.sf2 import SAMPLE, Tables, Zone, signed

_OFFSETS = (0, 1, 2, 3, 4, 12, 45, 50)  # of start, end and loop: rare, and not read here
_KEY_TIMES = (31, 32, 39, 40)
_FIXED = (46, 47)  # a zone that always has one pitch or velocity
_MOVING = (5, 6, 7, 10, 13)  # vibrato, tremolo and their like
_CUTOFF, _RESONANCE, _TO_CUTOFF, _ATTENUATION = 8, 9, 11, 48
_COARSE, _FINE, _SCALE, _LOOPS, _EXCLUSIVE, _ROOT = 51, 52, 56, 54, 57, 58
_SWEEP_TIMES, _SWEEP_SUSTAIN, _AT_ONCE = (25, 26, 27, 28), 29, -12_000
_OPEN_CENTS, _LOWEST_HZ = 13_500, 8.176
_ATTENUATION_HEARD, _RESONANCE_HEARD = 0.4, 0.5  # as RustySynth has it
_PAD = 1


@dataclass(frozen=True, slots=True)
class Sweep:
    """A filter that moves after the start: by `cents` and back to `sustain` of it; the times are seconds."""

    cents: float
    delay_s: float
    attack_s: float
    hold_s: float
    decay_s: float
    sustain: float

    @property
    def settles_s(self) -> float:
        """When it stands still."""
        if self.sustain == 1.0:
            return self.delay_s + self.attack_s
        return self.delay_s + self.attack_s + self.hold_s + self.decay_s


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """A sample and how it is played.

    Args:
        pcm: 16-bit samples from its start on, and one behind its end.
        loop: the samples from which and before which it is repeated, or None.
        rate: samples a second of `pcm`.
        root: the pitch at which it plays at its own rate, tuning included; each key is `scale` semitones apart.
        attenuation_db: by how much it is softer than full scale.
        cutoff_hz: of the low-pass filter, whose peak is `resonance_db` high.
        sweep: how the filter moves, if it does.
        exclusive: voices of one class silence each other, if it is not 0.
    """

    pcm: NDArray[np.int16]
    loop: tuple[int, int] | None
    rate: int
    root: float
    scale: float
    attenuation_db: float
    cutoff_hz: float
    resonance_db: float
    sweep: Sweep | None
    exclusive: int


def wave_of(tables: Tables, inner: Zone, outer: Zone) -> Wave | None:
    """What both zones of a voice say together; None where there is more to it than a Wave can say."""

    def amount(kind: int, usual: int = 0) -> int:
        return signed(inner.generators.get(kind, usual & 0xFFFF)) + signed(outer.generators.get(kind, 0))

    sample = tables.rows["shdr"][inner.generators[SAMPLE]]
    start, end, rate = int(sample["start"]), int(sample["end"]), int(sample["rate"])
    mode = inner.generators.get(_LOOPS, 0) & 3
    loop = (int(sample["loop_start"]) - start, int(sample["loop_end"]) - start) if mode else None
    is_odd = any(amount(kind) for kind in (*_OFFSETS, *_KEY_TIMES, *_MOVING)) or mode == 2
    is_odd |= any(kind in zone.generators for kind in _FIXED for zone in (inner, outer))
    is_odd |= rate <= 0 or end <= start or (loop is not None and not 0 <= loop[0] < loop[1] <= end - start)
    pcm = np.frombuffer(tables.samples[2 * start : 2 * (end + _PAD)], "<i2")
    if is_odd or len(pcm) < end + _PAD - start:
        return None
    root = inner.generators.get(_ROOT, int(sample["pitch"]))
    scale = amount(_SCALE, 100) / 100
    tune = amount(_COARSE) + (amount(_FINE) + int(sample["cents"])) / 100
    resonance_db = amount(_RESONANCE) / 10
    return Wave(
        pcm,
        loop,
        rate,
        root - tune / scale if scale else float(root),
        scale,
        _ATTENUATION_HEARD * amount(_ATTENUATION) / 10 + _RESONANCE_HEARD * resonance_db,
        _LOWEST_HZ * 2 ** (amount(_CUTOFF, _OPEN_CENTS) / 1200),
        resonance_db,
        _sweep(
            [2 ** (amount(kind, _AT_ONCE) / 1200) for kind in _SWEEP_TIMES], amount(_SWEEP_SUSTAIN), amount(_TO_CUTOFF)
        ),
        amount(_EXCLUSIVE),
    )


def _sweep(times_s: list[float], permille_down: int, cents: int) -> Sweep | None:
    if not cents:
        return None
    delay_s, attack_s, hold_s, decay_s = times_s
    return Sweep(cents, delay_s, attack_s, hold_s, decay_s, min(1.0, max(0.0, 1.0 - permille_down / 1000)))
