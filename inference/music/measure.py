"""Measures of a score that condition the model and appear in a song's report."""

from bisect import bisect_right
from collections.abc import Sequence
from math import sqrt

from inference.music.form import sections, spelled
from inference.music.pitch import Key, Mode
from inference.music.score import Score

# Probe-tone profiles of Krumhansl and Kessler (1982), from the tonic upwards.
KEY_PROFILES = {
    Mode.MAJOR: (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    Mode.MINOR: (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}

# Mean onsets in a bar of one playing instrument at which densities 2..8 begin: octiles of 1,500 band files.
DENSITY_BOUNDS = (4.0, 4.7, 5.3, 5.9, 6.4, 7.2, 8.4)
_SAME_SECTION = 0.5


def key_of(pitch_class_weights: Sequence[float]) -> Key:
    """The key whose profile correlates best with 12 weights (durations of each pitch class), after Krumhansl."""
    keys = [Key(tonic, mode) for mode in Mode for tonic in range(12)]

    def fit(key: Key) -> float:
        turned = [pitch_class_weights[(key.tonic + step) % 12] for step in range(12)]
        return _correlation(turned, KEY_PROFILES[key.mode])

    return max(keys, key=fit)


def estimate_key(score: Score) -> Key:
    """The key of a score's pitched tracks; C major when there are none."""
    weights = [0.0] * 12
    for track in score.tracks:
        if not track.is_drum:
            for note in track.notes:
                weights[note.pitch % 12] += note.duration
    return key_of(weights)


def density_of(onsets: int, blocks: int) -> int:
    """Density 1..8 of `onsets` (notes that start together count once) in `blocks` bars that instruments play."""
    return 1 + bisect_right(DENSITY_BOUNDS, onsets / max(1, blocks))


def measure_density(score: Score) -> int:
    """Density 1..8 of a score in its first meter."""
    bar_ticks = score.meters[0].meter.ticks
    onsets = blocks = 0
    for track in score.tracks:
        ticks = {note.tick for note in track.notes}
        onsets += len(ticks)
        blocks += len({tick // bar_ticks for tick in ticks})
    return density_of(onsets, blocks)


def measure_form(score: Score, form: str, bars: int) -> str:
    """The form of a score over the sections of `form`: those of the same letter share most of what pitched players do.

    A section is like an earlier one if the onsets and pitches of their bars overlap by half (Jaccard), in the mean.
    """
    contents = _pitched_bars(score, bars)
    cut = [[contents[bar] for bar in section] for section in sections(form, bars)]
    letters: list[int] = []
    for number, section in enumerate(cut):
        alike = [_overlap(section, earlier) for earlier in cut[:number]]
        best = max(range(number), key=alike.__getitem__, default=0)
        same = number > 0 and alike[best] >= _SAME_SECTION
        letters.append(letters[best] if same else max(letters, default=-1) + 1)
    return spelled(letters)


def _pitched_bars(score: Score, bars: int) -> list[frozenset[tuple[int, int, int]]]:
    length = score.meters[0].meter.ticks
    found: list[set[tuple[int, int, int]]] = [set() for _ in range(bars)]
    for number, track in enumerate(score.tracks):
        for note in () if track.is_drum else track.notes:
            if note.tick // length < bars:
                found[note.tick // length].add((number, note.tick % length, note.pitch))
    return [frozenset(notes) for notes in found]


def _overlap(
    left: Sequence[frozenset[tuple[int, int, int]]], right: Sequence[frozenset[tuple[int, int, int]]]
) -> float:
    """Mean over the bars of the first in which either plays."""
    pairs = [(bar, right[place % len(right)]) for place, bar in enumerate(left)]
    shares = [len(one & other) / len(one | other) for one, other in pairs if one or other]
    return sum(shares) / len(shares) if shares else 0.0


def _correlation(left: Sequence[float], right: Sequence[float]) -> float:
    mean_left, mean_right = sum(left) / len(left), sum(right) / len(right)
    pairs = [(a - mean_left, b - mean_right) for a, b in zip(left, right, strict=True)]
    norm = sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))
    return sum(a * b for a, b in pairs) / norm if norm else 0.0
