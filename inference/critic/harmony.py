"""How the pitch classes of two players go together, beat by beat."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from inference.critic.lines import Floats, Line, Numbers

BEAT = 24  # grid steps
ROLLS = (1, 3, 5, 7)  # bars by which one player is moved to hear what chance alone gives
# Circles of fifths, minor thirds and major thirds with the radii of Harte, Sandler and Gasser (2006).
_CIRCLES = ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5))
TONNETZ = np.array(
    [
        [radius * turn(step * np.pi * pitch) for pitch in range(12)]
        for step, radius in _CIRCLES
        for turn in (np.sin, np.cos)
    ]
)


def distance_ratio(pitched: Sequence[Line]) -> float:
    """Mean tonal distance of two players over the same with one of them some bars later; 1 where it is undefined."""
    places = [_centroids(line) for line in pitched]
    if len(places) < 2:
        return 1.0
    beats = max(1, pitched[0].bar_grids // BEAT)
    together, apart = [], []
    for (one, sounds), (other, answers) in combinations(places, 2):
        together.append(_distance(one[sounds & answers], other[sounds & answers]))
        for roll in ROLLS:
            moved, heard = np.roll(other, roll * beats, axis=0), np.roll(answers, roll * beats)
            apart.append(_distance(one[sounds & heard], moved[sounds & heard]))
    pairs = [np.array([found for found in distances if found is not None]) for distances in (together, apart)]
    if not all(len(found) for found in pairs) or not pairs[1].mean():
        return 1.0
    return float(pairs[0].mean() / pairs[1].mean())


def unison(guitar: Line | None, bass: Line | None) -> float:
    """Share of their common onsets at which the lowest notes of both have one pitch class; 0 without any."""
    if guitar is None or bass is None:
        return 0.0
    _, mine, yours = np.intersect1d(guitar.onsets, bass.onsets, assume_unique=True, return_indices=True)
    alike: Numbers = (guitar.lowest[mine] - bass.lowest[yours]) % 12 == 0
    return float(alike.mean()) if len(alike) else 0.0


def _centroids(line: Line) -> tuple[Floats, Numbers]:
    """Where a player's pitch classes lie in each beat, float [beats, 6], and whether it sounds there, bool [beats]."""
    beats = -(-line.bars * line.bar_grids // BEAT)
    chroma = np.zeros((beats + 1, 12))
    classes, end = line.pitch % 12, line.at + line.length
    first = line.at // BEAT
    for later in range(int((-(-end // BEAT) - first).max())):
        beat = first + later
        sounding = np.minimum(end, (beat + 1) * BEAT) - np.maximum(line.at, beat * BEAT)
        np.add.at(chroma, (np.minimum(beat, beats), classes), np.maximum(0, sounding))
    weights = chroma[:beats].sum(axis=1)
    centroids: Floats = chroma[:beats] / np.maximum(1, weights)[:, None] @ TONNETZ.T
    return centroids, weights > 0


def _distance(one: Floats, other: Floats) -> float | None:
    """Over beats in which both sound; None without any."""
    return float(np.linalg.norm(one - other, axis=1).mean()) if len(one) else None
