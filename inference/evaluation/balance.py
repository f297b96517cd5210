"""The balance of a mix: each role's loudness against its target, and the gain reduction of compressors and limiter."""

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
    """A role's loudness against that of all roles together (LU): what is heard, and what its preset wants.

    That is its loudness against the mix where everybody plays; where some rest, the others are nearer to the mix.
    """

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


def balance_of(stems: Sequence[Stem], finished: Mastered, sound: Sound, quarter_s: float) -> Balance:
    """Of the stems of a song and what became of their sum; a quarter lasts `quarter_s` seconds."""
    bus = next((stem.squeezed for stem in stems if stem.role is Role.DRUMS), np.ones(0))
    drums = reduction(bus)
    slope = 1.0 - 1.0 / sound.drums.squeeze
    recovery = drums.most_db / slope / RELEASE_DB_PER_S / quarter_s if slope else 0.0
    levels = role_levels(stems, sound)
    return Balance(levels, drums, reduction(finished.glue), reduction(finished.limiter), recovery)


def role_levels(stems: Sequence[Stem], sound: Sound) -> dict[Role, Level]:
    """Of each role that is heard. Loudness is gated, and measured through the whole's tone.

    Players who share a role count as one.
    """
    heard = {}
    for role in dict.fromkeys(stem.role for stem in stems):
        parts = [stem.audio for stem in stems if stem.role is role]
        loudness = _loudness(parts[0] if len(parts) == 1 else np.sum(parts, axis=0), stems[0].rate, sound)
        if math.isfinite(loudness):
            heard[role] = loudness
    wanted = {role: sound.strip(role).level for role in heard}
    return {role: Level(heard[role] - _together(heard), wanted[role] - _together(wanted)) for role in heard}


def _together(levels: dict[Role, float]) -> float:
    """The level of all at once."""
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels.values()))


def reduction(gains: NDArray[np.float64]) -> Reduction:
    """Of the gains of a compressor, one a millisecond; none of them is no reduction."""
    if not len(gains):
        return Reduction(0.0, 0.0)
    taken = -20 * np.log10(gains)
    return Reduction(float(taken.mean()), float(np.percentile(taken, 95)))


def _loudness(audio: Audio, rate: int, sound: Sound) -> float:
    return gated_lufs(rough_powers(audio, rate, rate // 10, sound.tone))
