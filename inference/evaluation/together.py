"""Whether the players play together: each metric compared with itself after shuffling one player's bars."""

import random

import numpy as np

from inference.evaluation.tonality import beat_chroma, mean_tonal_distance
from inference.music.score import Score, Track
from inference.music.units import PPQ

SHUFFLES = 8
_BEATS_A_BAR = 4
_KICKS = (35, 36)


def tonal_distance_ratio(score: Score, bars: int, rng: random.Random) -> float:
    """Tonal distance between pitched tracks over the same with each track's bars in an order of its own.

    Below 1 the tracks agree in harmony bar by bar. NaN when no two pitched tracks sound together.
    """
    chromas = [beat_chroma(track, bars * _BEATS_A_BAR) for track in score.tracks if not track.is_drum]
    together = mean_tonal_distance(chromas)
    shuffled = []
    for _ in range(SHUFFLES):
        orders = [rng.sample(range(bars), bars) for _ in chromas]
        cut = [chroma.reshape(bars, _BEATS_A_BAR, 12) for chroma in chromas]
        shuffled.append(
            mean_tonal_distance([chroma[order].reshape(-1, 12) for chroma, order in zip(cut, orders, strict=True)])
        )
    defined = [distance for distance in shuffled if distance > 0]
    return together / float(np.mean(defined)) if defined else float("nan")


def kick_bass_gain(drums: Track, bass: Track, bars: int, rng: random.Random) -> float:
    """F1 between the onsets of the bass drum and the bass, minus the same with the bars of the bass shuffled.

    NaN when one of them is silent.

    Args:
        drums: the kit.
        bass: whose bars are shuffled.
        bars: of 4/4, from tick 0.
        rng: draws the orders.
    """
    kicks, onsets = _kicks(drums), {note.tick for note in bass.notes}
    length = _BEATS_A_BAR * PPQ
    shuffled = []
    for _ in range(SHUFFLES):
        order = rng.sample(range(bars), bars)
        moved = {order[tick // length] * length + tick % length for tick in onsets if tick // length < bars}
        shuffled.append(onset_f1(kicks, moved))
    return onset_f1(kicks, onsets) - float(np.mean(shuffled))


def onset_f1(left: set[int], right: set[int]) -> float:
    """Harmonic mean of precision and recall of equal ticks; NaN when either is empty."""
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else float("nan")


def unison(guitar: Track, bass: Track) -> float:
    """Percent of their common onsets at which the lowest notes of both have one pitch class; NaN without any."""
    left, right = _lowest(guitar), _lowest(bass)
    common = left.keys() & right.keys()
    alike = sum((left[tick] - right[tick]) % 12 == 0 for tick in common)
    return 100 * alike / len(common) if common else float("nan")


def _kicks(drums: Track) -> set[int]:
    return {note.tick for note in drums.notes if note.pitch in _KICKS}


def _lowest(track: Track) -> dict[int, int]:
    """Tick -> lowest pitch that starts there."""
    return {note.tick: note.pitch for note in sorted(track.notes, key=lambda note: -note.pitch)}
