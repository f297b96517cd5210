"""Pitch-class metrics: entropy, scale consistency, tonal distance between tracks."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.critic.harmony import TONNETZ
from inference.music.pitch import MAJOR_STEPS
from inference.music.score import Score, Track
from inference.music.units import PPQ

Floats = NDArray[np.float64]

_SCALES = np.array([[(pitch - tonic) % 12 in MAJOR_STEPS for pitch in range(12)] for tonic in range(12)])


def pitch_class_counts(tracks: Iterable[Track]) -> Floats:
    """Notes of each pitch class, float [12]; drums do not count."""
    counts = np.zeros(12)
    for track in tracks:
        if not track.is_drum:
            for note in track.notes:
                counts[note.pitch % 12] += 1
    return counts


def pitch_class_entropy(score: Score) -> float:
    """Bits, 0..3.58, as muspy defines it (Wu and Yang, The Jazz Transformer on the Front Line, 2020, section 4).

    NaN without a pitched note.
    """
    counts = pitch_class_counts(score.tracks)
    shares = counts[counts > 0] / counts.sum() if counts.any() else np.array([np.nan])
    return float(abs((shares * np.log2(shares)).sum()))


def scale_consistency(score: Score) -> float:
    """Percent of notes in the scale that holds most of them, as muspy defines it (Mogren, C-RNN-GAN, 2016).

    Every natural minor scale is some major one's. NaN without a pitched note.
    """
    counts = pitch_class_counts(score.tracks)
    return 100 * float((_SCALES @ counts).max() / counts.sum()) if counts.any() else float("nan")


def beat_chroma(track: Track, beats: int) -> Floats:
    """How long each pitch class sounds in each quarter, in ticks: float [beats, 12]."""
    chroma = np.zeros((beats, 12))
    for note in track.notes:
        for beat in range(note.tick // PPQ, min(beats, -(-note.end // PPQ))):
            start = beat * PPQ
            chroma[beat, note.pitch % 12] += min(note.end, start + PPQ) - max(note.tick, start)
    return chroma


def tonal_distance(left: Floats, right: Floats) -> float:
    """Mean distance of tonal centroids over the beats in which both tracks sound.

    Harte, Sandler and Gasser, Detecting Harmonic Change in Musical Audio (2006), between tracks as in MuseGAN (Dong
    et al., 2018, section 5). NaN when they never sound together.

    Args:
        left: float [beats, 12], see `beat_chroma`.
        right: the same of the other track.
    """
    both = left.any(axis=1) & right.any(axis=1)
    if not both.any():
        return float("nan")
    return float(np.linalg.norm(_centroids(left[both]) - _centroids(right[both]), axis=1).mean())


def _centroids(chroma: Floats) -> Floats:
    centroids: Floats = chroma / chroma.sum(axis=1, keepdims=True) @ TONNETZ.T
    return centroids


def mean_tonal_distance(chromas: Sequence[Floats]) -> float:
    """Over all pairs of tracks that sound together anywhere; NaN without one."""
    distances = [tonal_distance(left, right) for index, left in enumerate(chromas) for right in chromas[index + 1 :]]
    defined = [distance for distance in distances if not np.isnan(distance)]
    return float(np.mean(defined)) if defined else float("nan")
