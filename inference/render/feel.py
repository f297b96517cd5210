"""What a written part lacks: nobody plays twice at quite the same moment, or quite as loud."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from inference.music.score import Score
from inference.render.performance import Hit, Performance, chance
from inference.render.sounds import Sound, Strip
from inference.render.synth import RATE
from inference.render.timeline import Timeline

_APART = 0.4  # part of the lateness by which the notes of one moment lie apart
_SEED = 1_000  # more than there are pitches


def with_feel(performances: list[Performance], score: Score, timeline: Timeline, sound: Sound) -> list[Performance]:
    """Each hit some milliseconds late and a little louder or softer, as its role's strip says.

    How much follows from where in its bar a note stands, its pitch and who plays it: a bar that comes again comes again
    bit for bit. Nobody is early, so that no note begins in the bar before its own.
    """
    return [_felt(one, score, timeline, sound.strip(one.part.role)) for one in performances]


def _felt(one: Performance, score: Score, timeline: Timeline, strip: Strip) -> Performance:
    if not strip.late_ms and not strip.uneven_db:
        return one
    starts = np.array([note.tick for note in score.tracks[one.part.track].notes], dtype=np.int64)
    ticks = timeline.within_bar(starts).tolist()
    reach = (strip.late_ms, strip.uneven_db)
    takes = (
        tuple(_moved(hit, *_deviation(tick, hit.tone.pitch, one.part.track, reach)) for hit, tick in played)
        for played in (zip(hits, ticks, strict=True) for hits in one.takes)
    )
    return replace(one, takes=tuple(takes))


def _moved(hit: Hit, late: int, factor: float) -> Hit:
    return Hit(hit.tone, hit.at + late, hit.length, hit.gain * factor, hit.is_muted, hit.pan, hit.stop)


@lru_cache(1 << 14)
def _deviation(tick: int, pitch: int, player: int, reach: tuple[float, float]) -> tuple[int, float]:
    """Samples late, and the factor of its loudness."""
    late_ms, uneven_db = reach
    moment, finger = chance(tick, _SEED * (player + 1)), chance(tick, _SEED * (player + 1) + pitch)
    force = chance(tick + _SEED, pitch)
    late = late_ms * ((1 - _APART) * moment + _APART * finger)
    return round(late * RATE / 1000), float(10 ** (uneven_db * (2 * force - 1) / 20))
