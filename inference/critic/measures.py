"""What the critic listens for: tones, rhythm, form, and how the players go together. Some forty numbers a song."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from inference.critic.features import DRUM_KEYS, TOGETHER_SIZE, f1, together_features
from inference.critic.harmony import BEAT, ROLLS, distance_ratio, unison
from inference.critic.lines import Floats, Line
from inference.music.pitch import MAJOR_STEPS
from inference.music.program import Role

_DISTANCES = (1, 2, 4, 8, 16, 24)
_SCALES = np.array([[(pitch - tonic) % 12 in MAJOR_STEPS for pitch in range(12)] for tonic in range(12)])
# Tones, groove, form, kick and bass, harmony, unison: those that come first.
TELLING = 2 + 1 + len(_DISTANCES) + 2 + 2
MEASURES = TELLING + 3 + TOGETHER_SIZE


def measures(lines: Sequence[Line]) -> Floats:
    """Float [MEASURES]; what is undefined in a song is zero."""
    playing = [line for line in lines if len(line.at)]
    if not playing:
        return np.zeros(MEASURES)
    pitched = [line for line in playing if not line.is_drum]
    contents = _bar_contents(playing)
    classes = np.zeros(12)
    for line in pitched:
        classes += np.bincount(line.pitch % 12, minlength=12)
    shares = classes / max(1, classes.sum())
    return np.concatenate(
        [
            [-(shares[shares > 0] * np.log2(shares[shares > 0])).sum(), (_SCALES @ shares).max()],
            [_groove(playing)],
            [_alike(contents, distance) for distance in _DISTANCES],
            [_kick_gain(playing)],
            [_agreement_gain(pitched)],
            [distance_ratio(pitched), unison(_first(playing, Role.RHYTHM), _first(playing, Role.BASS))],
            [np.log1p(_longest_run(contents)), np.log1p(sum(len(line.at) for line in playing))],
            [np.mean([not content for content in contents])],
            together_features(playing),
        ]
    )


def _bar_contents(lines: Sequence[Line]) -> list[frozenset[int]]:
    """What is struck in each bar: place, pitch, length and player in one number."""
    bars: list[set[int]] = [set() for _ in range(lines[0].bars)]
    for player, line in enumerate(lines):
        coded = ((line.at % line.bar_grids * 128 + line.pitch) * 1024 + np.minimum(line.length, 1023)) * 16 + player
        for bar, code in zip((line.at // line.bar_grids).tolist(), coded.tolist(), strict=True):
            bars[bar].add(code)
    return [frozenset(content) for content in bars]


def _alike(contents: Sequence[frozenset[int]], distance: int) -> float:
    """Shared notes over all notes of bars so far apart, mean."""
    pairs = [(one, other) for one, other in zip(contents, contents[distance:], strict=False) if one or other]
    return float(np.mean([len(one & other) / len(one | other) for one, other in pairs])) if pairs else 0.0


def _longest_run(contents: Sequence[frozenset[int]]) -> int:
    longest = run = 1
    for before, content in pairwise(contents):
        run = run + 1 if content == before else 1
        longest = max(longest, run)
    return longest


def _groove(lines: Sequence[Line]) -> float:
    """How alike neighbouring bars are in where anything starts, 0..1."""
    first = lines[0]
    struck = np.zeros(first.bars * first.bar_grids, np.bool_)
    for line in lines:
        struck[line.at] = True
    bars = struck.reshape(first.bars, first.bar_grids)
    return float(1 - (bars[1:] != bars[:-1]).mean()) if first.bars > 1 else 1.0


def _kick_gain(lines: Sequence[Line]) -> float:
    """F1 of kick and bass onsets less the same with the bass some bars later; 0 when one is silent."""
    drums, bass = _first(lines, Role.DRUMS), _first(lines, Role.BASS)
    if drums is None or bass is None:
        return 0.0
    kicks = np.unique(drums.at[np.isin(drums.pitch, DRUM_KEYS[0])])
    length = bass.bars * bass.bar_grids
    by_chance = [f1(kicks, np.sort((bass.onsets + roll * bass.bar_grids) % length)) for roll in ROLLS]
    return f1(kicks, bass.onsets) - float(np.mean(by_chance))


def _first(lines: Sequence[Line], role: Role) -> Line | None:
    return next((line for line in lines if line.role is role), None)


def _agreement_gain(pitched: Sequence[Line]) -> float:
    """How much more two players sound alike beat by beat than when one is some bars later; mean of all pairs."""
    chromas = [_chroma(line) for line in pitched]
    if len(chromas) < 2:
        return 0.0
    beats = max(1, pitched[0].bar_grids // BEAT)
    gains = [
        _cosine(one, other) - np.mean([_cosine(one, np.roll(other, roll * beats, axis=0)) for roll in ROLLS])
        for one, other in combinations(chromas, 2)
    ]
    return float(np.mean(gains))


def _chroma(line: Line) -> Floats:
    """Float [beats, 12] of length one or zero: the pitch classes that start in each beat."""
    chroma = np.zeros((-(-line.bars * line.bar_grids // BEAT), 12))
    np.add.at(chroma, (line.at // BEAT, line.pitch % 12), line.length)
    chroma /= np.maximum(1e-9, np.linalg.norm(chroma, axis=1, keepdims=True))
    return chroma


def _cosine(one: Floats, other: Floats) -> float:
    """Over the beats in which both start something."""
    both = one.any(axis=1) & other.any(axis=1)
    return float((one[both] * other[both]).sum(axis=1).mean()) if both.any() else 0.0
