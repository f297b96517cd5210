"""How single players play: drummers who leave out a part of the kit, melodies that leap, thin chords."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from inference.music.score import Score, Track
from inference.tokens.block import KIT
from inference.tokens.tables import LANE_OF_KEY

_CRASHES = (49, 52, 55, 57)
_HARDLY = 0.2
_FEWEST_STEPS = 8
_SMALL = 2


def leaves_out_drums(score: Score) -> float:
    """Whether a drummer hardly strikes bass drum, snare or cymbals: in less than a fifth of the bars that it plays.

    NaN without drums.
    """
    length = score.meters[0].meter.ticks
    struck: dict[int, int] = {}
    for note in (note for track in score.tracks if track.is_drum for note in track.notes):
        bar = note.tick // length
        struck[bar] = struck.get(bar, 0) | _lanes(note.pitch)
    if not struck:
        return float("nan")
    return float(min(np.mean([bool(lanes & part) for lanes in struck.values()]) for part in KIT) < _HARDLY)


def _lanes(key: int) -> int:
    """What of the kit a General MIDI key is; here a crash keeps time as a ride does."""
    if key in _CRASHES:
        return KIT[-1]
    lane = LANE_OF_KEY.get(key)
    return 0 if lane is None else 1 << lane


def notes_at_once(tracks: Iterable[Track]) -> float:
    """Notes struck together, mean over the strokes of all tracks; NaN without one."""
    strokes: Counter[tuple[int, int]] = Counter()
    for number, track in enumerate(tracks):
        strokes.update((number, note.tick) for note in track.notes)
    return strokes.total() / len(strokes) if strokes else float("nan")


def small_steps(melodies: Iterable[Track]) -> float:
    """Percent of moves of the lowest note by one or two semitones, mean over tracks of eight moves; NaN without one."""
    shares = []
    for track in melodies:
        lowest: dict[int, int] = {}
        for note in track.notes:
            lowest[note.tick] = min(note.pitch, lowest.get(note.tick, note.pitch))
        moves = np.abs(np.diff([lowest[tick] for tick in sorted(lowest)]))
        if len(moves) >= _FEWEST_STEPS:
            shares.append(100 * np.mean((moves > 0) & (moves <= _SMALL)))
    return float(np.mean(shares)) if shares else float("nan")
