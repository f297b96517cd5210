"""The low-pass filter of a SoundFont's voices."""

import math
from functools import cached_property

import numpy as np
import scipy.signal
from numpy.typing import NDArray

_PEAK_OFFSET = 1.0 - 1.0 / math.sqrt(2.0)
_STEP, _SHORT = 32, 256
_APART = 1e-3


class LowPass:
    """A filter of the second order.

    Sample after sample it would cost more than all the rest of a voice: so in steps of `_STEP` samples, each of them
    one row of a product of matrices, and only what a step hands on to the next is computed one after the other.
    """

    def __init__(self, hertz: float, resonance_db: float, rate: int) -> None:
        resonance = 10 ** (resonance_db / 20)
        quality = resonance - _PEAK_OFFSET / (1 + 6 * (resonance - 1))
        turn = 2 * np.pi * hertz / rate
        alpha = np.sin(turn) / (2 * quality)
        fall = 1 - np.cos(turn)
        self.numerator = np.array([fall / 2, fall, fall / 2]) / (1 + alpha)
        self.denominator = np.array([1 + alpha, -2 * np.cos(turn), 1 - alpha]) / (1 + alpha)
        _, back, further = self.denominator.tolist()
        self._pole = complex(-back / 2, math.sqrt(max(0.0, further - back * back / 4)))
        self._rings = self._pole.imag > _APART  # else two real poles, which no filter of a SoundFont has

    @cached_property
    def _matrices(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """From a step's samples to what they leave in it, from them to what they hand on, and from that to sound.

        What is left of a sample rings on as the real part of a number times the pole, again and again.
        """
        late = np.arange(_STEP)[None, :] - np.arange(_STEP)[:, None]
        answer = scipy.signal.lfilter(self.numerator, self.denominator, np.eye(1, _STEP)[0])
        within = np.where(late >= 0, answer[np.maximum(late, 0)], 0.0)
        ways = self._pole ** np.arange(_STEP)
        left = self._ringing(answer[1], answer[2]) * ways[::-1]
        handed, ring = np.stack((left.real, left.imag), axis=1), np.stack((ways.real, -ways.imag))
        return within.astype(np.float32), handed.astype(np.float32), ring.astype(np.float32)

    def _ringing(self, first: float, second: float) -> complex:
        """The number of which two samples in a row are what is left."""
        return complex(first, (first * self._pole.real - second) / self._pole.imag)

    def hear(self, part: NDArray[np.float32], past: NDArray[np.float32]) -> None:
        """In place. `past` are the two samples before, as they were and as they were heard, the last one last."""
        (_, first, second), (_, back, further) = self.numerator, self.denominator
        (x2, x1), (y2, y1) = past.astype(float)
        memory = [first * x1 + second * x2 - back * y1 - further * y2, second * x1 - further * y1]
        if not self._rings or len(part) <= _SHORT:
            part[:], _ = scipy.signal.lfilter(self.numerator, self.denominator, part, zi=memory)
            return
        within, handed, ring = self._matrices
        steps = np.pad(part, (0, -len(part) % _STEP)).reshape(-1, _STEP)
        left = (steps @ handed).astype(float).view(complex)[:-1, 0]
        begun, way = self._ringing(memory[0], memory[1] - back * memory[0]), self._pole**_STEP
        rings, _ = scipy.signal.lfilter([1.0], [1.0, -way], left, zi=[way * begun])
        carried = np.concatenate(([begun], rings)).astype(np.complex64).view(np.float32).reshape(-1, 2)
        heard = steps @ within
        heard += carried @ ring
        part[:] = heard.reshape(-1)[: len(part)]
