"""Quantises loosely played notes: finds the beat, the division of each beat, and whether there is a beat at all.

Every beat is explained by one of DIVISIONS (its notes lie near multiples of so many grid steps) and an offset of the
beat that drifts slowly. Onsets at random cost log(24) nats an onset; what the best explanation saves of that says how
well the piece keeps time. A beat that no division explains stays as it was played.
"""

from dataclasses import replace
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.music.score import Score
from inference.music.units import GRID_PER_QUARTER, TICKS_PER_GRID

# Grid steps between the points of a beat -> how often beats are divided so; 1 explains nothing.
DIVISIONS = {24: 0.1, 12: 0.25, 6: 0.35, 8: 0.1, 4: 0.05, 3: 0.1, 1: 0.05}
# Standard deviations of playing, in grid steps of about 20 ms.
_SPREADS = (0.4, 0.8, 1.3)
_OFFSETS = np.arange(-3.0, 3.0, 0.5)
_STRAY = 0.05
_STAY, _DRIFT = log(0.96), log(0.02)
_ON_TIME = 0.97
_ROUNDS, _LEAST_SHARE = 5, 1e-3

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


class Timing(NamedTuple):
    """How a score keeps time.

    saved: nats an onset that divided beats save; a click track 1.5 to 3, loose playing 0.3, rubato below 0.
    undivided: share of the notes in beats that no division explains.
    onsets: [N] of all notes, track by track, on the grid.
    """

    saved: float
    undivided: float
    onsets: Counts


def share_on_grid(score: Score) -> float:
    """Share of onsets on a 32nd or a 16th triplet; about one half where the grid was not heard."""
    steps = np.rint(_onsets(score))
    return float(np.mean((steps % 3 == 0) | (steps % 4 == 0))) if len(steps) else 1.0


def is_on_time(score: Score) -> bool:
    """Whether the score is on the grid already."""
    return share_on_grid(score) >= _ON_TIME


def keep_time(score: Score) -> Timing:
    """Explains the onsets of a score that has notes."""
    onsets = _onsets(score)
    return max((_explained(onsets, spread) for spread in _SPREADS), key=lambda timing: timing.saved)


def put_on_grid(score: Score, timing: Timing) -> Score:
    """The score with its onsets quantised as `keep_time` found; lengths stay."""
    ticks = iter((timing.onsets * TICKS_PER_GRID).tolist())
    tracks = tuple(
        replace(track, notes=tuple(sorted(replace(note, tick=next(ticks)) for note in track.notes)))
        for track in score.tracks
    )
    return replace(score, tracks=tracks)


def _onsets(score: Score) -> Numbers:
    return np.array([note.tick for track in score.tracks for note in track.notes], np.float64) / TICKS_PER_GRID


def _explained(onsets: Numbers, spread: float) -> Timing:
    # Half of a band strikes at the same moments: each is looked at once.
    moments, inverse, counts = np.unique(np.rint(onsets * 4) / 4, return_inverse=True, return_counts=True)
    _, beats = np.unique(np.floor((moments + 3) / GRID_PER_QUARTER), return_inverse=True)
    # A chord struck together is one witness, not five.
    _, chords = np.unique(np.rint(moments), return_inverse=True)
    sizes = np.bincount(chords, counts)
    shares = counts / sizes[chords]
    fits = np.stack([_division_fits(moments - offset, beats, shares, spread) for offset in _OFFSETS])
    path, total = _drift(np.logaddexp.reduce(fits, axis=1))
    division = _divisions(fits[path, :, np.arange(len(path))])[beats]
    straight = moments - _OFFSETS[path][beats]
    snapped = np.where(division == 1, np.rint(moments), np.rint(straight / division) * division)
    saved = total / len(sizes) + log(GRID_PER_QUARTER)
    undivided = float(counts[division == 1].sum() / counts.sum())
    return Timing(saved, undivided, np.maximum(0, snapped).astype(np.int64)[inverse])


def _division_fits(onsets: Numbers, beats: Counts, shares: Numbers, spread: float) -> Numbers:
    """Log probability of each beat's onsets under each division: [divisions, B]."""
    fits = []
    for division, prior in DIVISIONS.items():
        if division == 1:
            each = np.full(len(onsets), -log(GRID_PER_QUARTER))
        else:
            away = onsets - np.rint(onsets / division) * division
            bell = np.exp(-0.5 * (away / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
            each = np.log(((1 - _STRAY) * division * bell + _STRAY) / GRID_PER_QUARTER)
        fits.append(log(prior) + np.bincount(beats, each * shares))
    return np.stack(fits)


def _divisions(fits: Numbers) -> Counts:
    """The division of each beat, where a piece tends to divide its beats alike: fits [B, divisions] -> [B]."""
    usual = np.zeros(fits.shape[1])
    for _ in range(_ROUNDS):
        weighed = fits + usual
        shares = np.exp(weighed - np.logaddexp.reduce(weighed, axis=1, keepdims=True)).mean(axis=0)
        usual = np.log(shares + _LEAST_SHARE) - np.log(list(DIVISIONS.values()))
        usual[-1] = min(0.0, usual[-1])  # loose beats here and there must not excuse all others
    chosen: Counts = np.array(list(DIVISIONS))[(fits + usual).argmax(axis=1)]
    return chosen


def _drift(fits: Numbers) -> tuple[Counts, float]:
    """The likeliest offset of each beat where offsets move a step at a time [B], and its log probability."""
    scores = fits[:, 0] - log(len(_OFFSETS))
    steps = np.arange(len(_OFFSETS))
    came_from = []
    ways = np.full((3, len(_OFFSETS)), -np.inf)
    for beat in fits.T[1:]:
        ways[0, 1:] = scores[:-1] + _DRIFT
        ways[1] = scores + _STAY
        ways[2, :-1] = scores[1:] + _DRIFT
        best = ways.argmax(axis=0)
        came_from.append(steps + best - 1)
        scores = ways[best, steps] + beat
    path = [int(scores.argmax())]
    for sources in reversed(came_from):
        path.append(int(sources[path[-1]]))
    return np.array(path[::-1]), float(scores.max())
