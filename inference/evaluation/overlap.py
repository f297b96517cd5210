"""How alike two sets of tracks are, feature by feature (mgeval: Yang and Lerch, On the Evaluation of Generative Models
in Music, 2018): the overlap of the distances within real music with the distances from it to other music.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from inference.evaluation.estimate import Indices
from inference.evaluation.tonality import pitch_class_counts
from inference.music.score import Track
from inference.music.units import PPQ

Floats = NDArray[np.float64]

_CELLS = 512
_MARGIN = 0.25  # of the range of distances, for the tails of the kernels
_NARROWEST = 1.0  # cell, so that equal distances are a peak and not a needle


def pitch_count(track: Track) -> float:
    """Distinct pitches (drums: keys)."""
    return float(len({note.pitch for note in track.notes}))


def pitch_range(track: Track) -> float:
    """Semitones from the lowest to the highest note."""
    pitches = [note.pitch for note in track.notes]
    return float(max(pitches) - min(pitches))


def inter_onset_interval(track: Track) -> float:
    """Mean quarters from one onset to the next; NaN with fewer than two."""
    ticks = sorted({note.tick for note in track.notes})
    return (ticks[-1] - ticks[0]) / (len(ticks) - 1) / PPQ if len(ticks) > 1 else float("nan")


def note_count(track: Track) -> float:
    """Notes in the excerpt, whose length is the same everywhere."""
    return float(len(track.notes))


def pitch_class_shares(track: Track) -> Floats:
    """Float [12], the share of each pitch class."""
    counts = pitch_class_counts([track])
    shares: Floats = counts / counts.sum()
    return shares


FEATURES: Mapping[str, Callable[[Track], float | Floats]] = {
    "pitch count": pitch_count,
    "pitch range": pitch_range,
    "pitch class histogram": pitch_class_shares,
    "inter-onset interval": inter_onset_interval,
    "density": note_count,
}
_OF_DRUMS = ("pitch count", "inter-onset interval", "density")


def feature_table(tracks: Sequence[Track], feature: str) -> Floats | None:
    """Float [tracks, D]; NaN for silent tracks. None when the feature means nothing for drums, which these are."""
    if tracks[0].is_drum and feature not in _OF_DRUMS:
        return None
    measure = FEATURES[feature]
    found = [np.atleast_1d(measure(track)) if track.notes else None for track in tracks]
    width = next((len(values) for values in found if values is not None), 1)
    return np.array([np.full(width, np.nan) if values is None else values for values in found])


@dataclass(frozen=True)
class DistanceOverlap:
    """Overlap area of sets of pieces, 0..1, one or more distance matrices (one a track) at a time.

    cells: int [tracks, N, N], each distance's place in a histogram of _CELLS; -1 where a piece has no such track.
    """

    cells: NDArray[np.int64]

    @classmethod
    def of(cls, tables: Iterable[Floats]) -> "DistanceOverlap":
        """From `feature_table` of each track, over all pieces that will be compared."""
        return cls(np.stack([_cells(table) for table in tables]))

    def __call__(self, half: Indices, others: Indices) -> float:
        """Mean over the tracks of the overlap of distances within `half` with those from `others` to it."""
        areas = [self._area(cells, half, others) for cells in self.cells]
        defined = [area for area in areas if area is not None]
        return float(np.mean(defined)) if defined else float("nan")

    @staticmethod
    def _area(cells: NDArray[np.int64], half: Indices, others: Indices) -> float | None:
        within = cells[np.ix_(half, half)][np.triu_indices(len(half), 1)]
        across = cells[np.ix_(half, others)].ravel()
        within, across = within[within >= 0], across[across >= 0]
        if not len(within) or not len(across):
            return None
        return float(np.minimum(_density(within), _density(across)).sum())


def _cells(table: Floats) -> NDArray[np.int64]:
    distances = np.linalg.norm(table[:, None] - table[None], axis=2)
    cells = np.full(distances.shape, -1, np.int64)
    defined = ~np.isnan(distances)
    if defined.any():
        cells[defined] = _binned(distances[defined])
    return cells


def _binned(distances: Floats) -> NDArray[np.int64]:
    """The middle part of _CELLS cells, in proportion to the distance."""
    low, high = distances.min(), distances.max()
    share = (distances - low) / (high - low) if high > low else np.zeros_like(distances)
    cells: NDArray[np.int64] = ((_MARGIN + (1 - 2 * _MARGIN) * share) * (_CELLS - 1)).round().astype(np.int64)
    return cells


def _density(cells: NDArray[np.int64]) -> Floats:
    """A Gaussian kernel estimate with Scott's bandwidth, as scipy's and mgeval's, summing to 1."""
    counts = np.bincount(cells, minlength=_CELLS) / len(cells)
    bandwidth = max(_NARROWEST, float(cells.std(ddof=1)) * len(cells) ** -0.2) if len(cells) > 1 else _NARROWEST
    smooth: Floats = gaussian_filter1d(counts, bandwidth, mode="constant", truncate=6.0)
    smooth /= smooth.sum()
    return smooth
