"""Signs of a broken generator: silent bars and tracks, bars with far too many notes."""

import numpy as np
from numpy.typing import NDArray

from inference.music.score import Score


def notes_in_bars(score: Score, bars: int) -> NDArray[np.int64]:
    """Onsets of notes in each bar, all players together: int [bars]."""
    length = score.meters[0].meter.ticks
    numbers = [note.tick // length for track in score.tracks for note in track.notes]
    return np.bincount(numbers, minlength=bars)[:bars] if numbers else np.zeros(bars, np.int64)


def empty_share(score: Score, bars: int) -> float:
    """Percent of the bars in which nothing starts."""
    return 100 * float((notes_in_bars(score, bars) == 0).mean())


def share_within(score: Score, bars: int, low: float, high: float) -> float:
    """Percent of the bars with `low` to `high` notes."""
    counts = notes_in_bars(score, bars)
    return 100 * float(((counts >= low) & (counts <= high)).mean())


def silent_tracks(score: Score) -> int:
    """Tracks without any note."""
    return sum(not track.notes for track in score.tracks)
