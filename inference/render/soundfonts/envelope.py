"""How a voice of a SoundFont swells, dies away while it is held, and falls when it is let go."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.render.soundfonts.sf2 import Zone, signed

_DELAY, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = 33, 34, 35, 36, 37, 38
_AT_ONCE = -12_000  # timecents, where a zone says nothing
_NEPERS = 9.226  # a fall of 80 dB, which is what decay and release times are the times of
_LONGEST_S = 100.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """Seconds, and the level (1 is full) at which it stays while it is held."""

    delay_s: float = 0.0
    attack_s: float = 0.0
    hold_s: float = 0.0
    decay_s: float = 1.0
    sustain: float = 1.0
    release_s: float = 0.5

    def level(self, seconds: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """How loud it is at some times after its start, if it is held until then; 1 is full."""
        swelling = np.clip((seconds - self.delay_s) / max(self.attack_s, 1e-6), 0.0, 1.0)
        late = np.maximum(seconds - self.delay_s - self.attack_s - self.hold_s, 0.0)
        return np.asarray(swelling * np.maximum(np.exp(-_NEPERS / self.decay_s * late), self.sustain))

    def fallen(self, seconds: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """What is left of its level at some times after it was let go."""
        return np.asarray(np.exp(-_NEPERS / self.release_s * seconds))


def envelope_of(inner: Zone, outer: Zone) -> Envelope:
    """What both zones of a voice say together; the key's influence is left out, as it is small where there is any."""

    def seconds(kind: int) -> float:
        timecents = signed(inner.generators.get(kind, _AT_ONCE & 0xFFFF)) + signed(outer.generators.get(kind, 0))
        return min(_LONGEST_S, float(2.0 ** (timecents / 1200.0)))

    centibels = signed(inner.generators.get(_SUSTAIN, 0)) + signed(outer.generators.get(_SUSTAIN, 0))
    return Envelope(
        delay_s=seconds(_DELAY),
        attack_s=seconds(_ATTACK),
        hold_s=seconds(_HOLD),
        decay_s=seconds(_DECAY),
        sustain=float(10.0 ** (-max(0, centibels) / 200.0)),
        release_s=max(0.02, seconds(_RELEASE)),
    )
