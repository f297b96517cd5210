"""A song as numbers: what each part plays, how it repeats, and how the parts go together. No instruments, no tempo.

Every group of features has a fixed size, so that songs of any band compare; what a song lacks is zero.
"""

from collections.abc import Sequence

import numpy as np

from inference.critic.lines import Floats, Line, Numbers
from inference.music.program import Role

# Parts that several players share are the mean of theirs.
PARTS: tuple[tuple[str, frozenset[Role]], ...] = (
    ("bass", frozenset({Role.BASS})),
    ("chords", frozenset({Role.RHYTHM, Role.KEYS, Role.STRINGS, Role.SYNTH, Role.OTHER})),
    ("lead", frozenset({Role.LEAD, Role.WINDS})),
)
_PLACES = 16
_LENGTHS = np.array([4, 7, 10, 13, 19, 25, 37, 49, 97])  # grid steps at which longer classes begin
_LEAPS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 12, 13])  # semitones
_DISTANCES = (1, 2, 4, 8)
DRUM_KEYS = ((35, 36), (37, 38, 40), (42, 44), (46,), (51, 53, 59), (49, 52, 55, 57), (41, 43, 45, 47, 48, 50))


def song_features(lines: Sequence[Line], tonic: int) -> Floats:
    """Float [FEATURES] of a whole song whose key has that tonic (0..11)."""
    playing = [line for line in lines if len(line.at)]
    drums = [line for line in playing if line.is_drum]
    groups = [_mean([drum_features(line) for line in drums], _DRUM_SIZE)]
    for _, roles in PARTS:
        groups.append(_mean([part_features(line, tonic) for line in playing if line.role in roles], _PART_SIZE))
    features: Floats = np.nan_to_num(np.concatenate([*groups, together_features(playing)]))
    return features


def part_features(line: Line, tonic: int) -> Floats:
    """Float [_PART_SIZE] of one pitched player."""
    counts = line.onsets_a_bar
    leaps, waits = np.diff(line.lowest), np.diff(line.onsets)
    sizes = np.diff(np.append(np.searchsorted(line.at, line.onsets), len(line.at)))
    classes = np.bincount((line.pitch - tonic) % 12, weights=line.length, minlength=12)
    return np.concatenate(
        [
            _shares(line.onsets % line.bar_grids * _PLACES // line.bar_grids, _PLACES),
            _classed(line.length, _LENGTHS),
            _classed(waits, _LENGTHS),
            _classed(np.abs(leaps), _LEAPS),
            classes / max(1, classes.sum()),
            _repetition(line),
            [
                1.0,
                np.log1p(counts.mean()),
                counts.std() / (1 + counts.mean()),
                (counts == 0).mean(),
                float((leaps > 0).sum()) / max(1.0, float((leaps != 0).sum())),
                sizes.mean(),
                (sizes > 1).mean(),
                _entropy(classes),
                _entropy(np.bincount(line.lowest)),
                line.pitch.mean() / 64 - 1,
                line.pitch.std() / 12,
                np.ptp(line.pitch) / 24,
                line.velocity.mean() / 127,
                line.velocity.std() / 32,
                _longest_same(line.lowest) / 16,
            ],
        ]
    )


def drum_features(line: Line) -> Floats:
    """Float [_DRUM_SIZE] of the drummer."""
    counts = line.onsets_a_bar
    profiles, shares = [], []
    for keys in DRUM_KEYS:
        at = np.unique(line.at[np.isin(line.pitch, keys)])
        profiles.append(np.bincount(at % line.bar_grids * _PLACES // line.bar_grids, minlength=_PLACES) / line.bars)
        shares.append(len(at) / line.bars / 8)
    crashes = np.unique(line.at[np.isin(line.pitch, DRUM_KEYS[5])])
    on_one = crashes[crashes % line.bar_grids == 0] // line.bar_grids
    toms = line.at[np.isin(line.pitch, DRUM_KEYS[6])] // line.bar_grids
    return np.concatenate(
        [
            *profiles,
            shares,
            _shares(on_one % 8, 8),
            _shares(toms % 8, 8),
            _repetition(line),
            [
                1.0,
                np.log1p(counts.mean()),
                counts.std() / (1 + counts.mean()),
                (counts == 0).mean(),
                line.velocity.mean() / 127,
                line.velocity.std() / 32,
            ],
        ]
    )


def together_features(lines: Sequence[Line]) -> Floats:
    """Float [TOGETHER_SIZE] of the band as a whole; zeros when nobody plays."""
    if not lines:
        return np.zeros(TOGETHER_SIZE)
    pitched = [line for line in lines if not line.is_drum]
    new = np.array([~_seen(line.bar_numbers) for line in lines])
    whole = np.unique(np.array([line.bar_numbers for line in lines]).T, axis=0, return_inverse=True)[1].ravel()
    counts = np.sum([line.onsets_a_bar for line in lines], axis=0)
    return np.concatenate(
        [
            [_first_f1(lines, left, right) for left, right in _PAIRS],
            [_kick_f1(lines)],
            _harmony(pitched),
            _alike(whole),
            [
                new.mean(),
                new.all(axis=0).mean(),
                (~new).all(axis=0).mean(),
                new.mean(axis=0).std(),
                _by_place(new.mean(axis=0), 4),
                _by_place(new.mean(axis=0), 8),
                len(np.unique(whole)) / len(whole),
                counts.std() / (1 + counts.mean()),
                counts[-1] / (1 + counts.mean()),
                counts[0] / (1 + counts.mean()),
                (counts == 0).mean(),
                np.abs(np.diff(counts)).sum() / len(counts) / (1 + counts.mean()),
            ],
        ]
    )


_PAIRS = (
    (frozenset({Role.BASS}), PARTS[1][1]),
    (frozenset({Role.BASS}), PARTS[2][1]),
    (PARTS[1][1], PARTS[2][1]),
    (frozenset({Role.DRUMS}), frozenset({Role.BASS})),
    (frozenset({Role.DRUMS}), PARTS[1][1]),
)


def _repetition(line: Line) -> Floats:
    """How bars come back: at each distance, ever, and in rhythm alone. Float [11]."""
    bars, rhythms = line.bar_numbers, line.rhythm_numbers
    return np.concatenate(
        [
            _alike(bars),
            _alike(rhythms),
            [_seen(bars).mean(), _seen(rhythms).mean(), len(np.unique(bars)) / len(bars)],
        ]
    )


def _alike(numbers: Numbers) -> Floats:
    """The share of bars that equal the one so many bars before, for each of _DISTANCES."""
    return np.array(
        [
            (numbers[distance:] == numbers[:-distance]).mean() if len(numbers) > distance else 0
            for distance in _DISTANCES
        ]
    )


def _seen(numbers: Numbers) -> Numbers:
    """Bool [bars], whether an equal bar came before."""
    seen = np.ones(len(numbers), np.bool_)
    seen[np.unique(numbers, return_index=True)[1]] = False
    return seen  # type: ignore[return-value]  # bools serve as numbers


def _harmony(pitched: Sequence[Line]) -> Floats:
    """How the pitch classes of different players rub where they start together: 7 shares, and classes a bar."""
    if not pitched:
        return np.zeros(8)
    rubs = np.zeros(7)
    for index, left in enumerate(pitched):
        for right in pitched[index + 1 :]:
            _, mine, yours = np.intersect1d(left.onsets, right.onsets, return_indices=True)
            apart = (left.lowest[mine] - right.lowest[yours]) % 12
            rubs += np.bincount(np.minimum(apart, 12 - apart), minlength=7)
    present = np.zeros((pitched[0].bars, 12), np.bool_)
    for line in pitched:
        present[line.at // line.bar_grids, line.pitch % 12] = True
    return np.append(rubs / max(1, rubs.sum()), present.sum(axis=1).mean() / 12)


def _first_f1(lines: Sequence[Line], left: frozenset[Role], right: frozenset[Role]) -> float:
    """F1 between the onsets of the first player of either set; 0 when there is none."""
    mine = next((line for line in lines if line.role in left), None)
    yours = next((line for line in lines if line.role in right), None)
    return f1(mine.onsets, yours.onsets) if mine is not None and yours is not None else 0.0


def _kick_f1(lines: Sequence[Line]) -> float:
    drums = next((line for line in lines if line.is_drum), None)
    bass = next((line for line in lines if line.role is Role.BASS), None)
    if drums is None or bass is None:
        return 0.0
    return f1(np.unique(drums.at[np.isin(drums.pitch, DRUM_KEYS[0])]), bass.onsets)


def f1(left: Numbers, right: Numbers) -> float:
    """Of two sets of onsets, sorted and distinct: twice those in common over all; 0 when both are empty."""
    both = len(np.intersect1d(left, right, assume_unique=True))
    return 2 * both / max(1, len(left) + len(right))


def _by_place(new: Floats, period: int) -> float:
    """How much more is new at the first bar of every `period` than elsewhere."""
    first = np.arange(len(new)) % period == 0
    return float(new[first].mean() - new[~first].mean()) if len(new) > period else 0.0


def _longest_same(pitches: Numbers) -> float:
    """Notes in the longest run of one pitch, at most 64."""
    changes = np.flatnonzero(np.diff(pitches, prepend=-1, append=-1))
    return float(min(64, np.diff(changes).max()))


def _shares(places: Numbers, count: int) -> Floats:
    return np.bincount(places, minlength=count)[:count] / max(1, len(places))


def _classed(values: Numbers, edges: Numbers) -> Floats:
    return _shares(np.searchsorted(edges, values, side="right"), len(edges) + 1)


def _entropy(weights: Floats | Numbers) -> float:
    """Bits."""
    shares = weights[weights > 0] / max(1, weights.sum())
    return float(-(shares * np.log2(shares)).sum())


def _mean(vectors: list[Floats], size: int) -> Floats:
    return np.mean(vectors, axis=0) if vectors else np.zeros(size)


_PART_SIZE = _PLACES + 2 * (len(_LENGTHS) + 1) + len(_LEAPS) + 1 + 12 + 11 + 15
_DRUM_SIZE = len(DRUM_KEYS) * (_PLACES + 1) + 16 + 11 + 6
TOGETHER_SIZE = len(_PAIRS) + 1 + 8 + len(_DISTANCES) + 12
FEATURES = _DRUM_SIZE + len(PARTS) * _PART_SIZE + TOGETHER_SIZE
