"""How loud each role is in a mix, how loud it should be, and how hard compressors and limiter work for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.music.program import Role
from inference.render.loudness import gated_lufs, rough_powers
from inference.render.master import Mastered
from inference.render.signal import RELEASE_DB_PER_S, Audio
from inference.render.sounds import Sound
from inference.render.studio import Stem

LIMIT_LU = 1.5


@dataclass(frozen=True, slots=True)
class Level:
    """A role's loudness against the mix (LU): what is heard, and what its preset wants where everybody plays."""

    heard: float
    wanted: float


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a compressor takes away in dB: on average, and in the 5 % of the milliseconds in which it takes most."""

    mean_db: float
    most_db: float


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one mix.

    Args:
        levels: of each role that plays.
        drums, glue, limiter: what the drum bus, the whole's compressor and the limiter take away.
        recovery: quarters after which the drum bus has let go what it holds in its hardest moments: pumping is heard
            where that is as long as the beats are apart.
    """

    levels: dict[Role, Level]
    drums: Reduction
    glue: Reduction
    limiter: Reduction
    recovery: float


def balance_of(stems: Sequence[Stem], mix: Audio, finished: Mastered, sound: Sound, quarter_s: float) -> Balance:
    """Of the stems of a song, their sum and what became of it; a quarter lasts `quarter_s` seconds."""
    bus = next((stem.squeezed for stem in stems if stem.role is Role.DRUMS), np.ones(0))
    drums = reduction(bus)
    slope = 1.0 - 1.0 / sound.drums.squeeze
    recovery = drums.most_db / slope / RELEASE_DB_PER_S / quarter_s if slope else 0.0
    levels = role_levels(stems, mix, sound)
    return Balance(levels, drums, reduction(finished.glue), reduction(finished.limiter), recovery)


def role_levels(stems: Sequence[Stem], mix: Audio, sound: Sound) -> dict[Role, Level]:
    """Of each role that plays. `mix` is the sum of the stems; loudness is gated, and heard through the whole's tone.

    Players who share a role count as one.
    """
    rate = stems[0].rate
    whole = _loudness(mix, rate, sound)
    roles = list(dict.fromkeys(stem.role for stem in stems))
    together = 10 * math.log10(sum(10 ** (sound.strip(role).level / 10) for role in roles))
    levels = {}
    for role in roles:
        parts = [stem.audio for stem in stems if stem.role is role]
        heard = _loudness(parts[0] if len(parts) == 1 else np.sum(parts, axis=0), rate, sound)
        levels[role] = Level(heard - whole, sound.strip(role).level - together)
    return levels


def reduction(gains: NDArray[np.float64]) -> Reduction:
    """Of the gains of a compressor, one a millisecond; none of them is no reduction."""
    if not len(gains):
        return Reduction(0.0, 0.0)
    taken = -20 * np.log10(gains)
    return Reduction(float(taken.mean()), float(np.percentile(taken, 95)))


def _loudness(audio: Audio, rate: int, sound: Sound) -> float:
    return gated_lufs(rough_powers(audio, rate, rate // 10, sound.tone))
