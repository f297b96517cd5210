"""Strings and frets for a whole part: the cheapest path of the hand, by dynamic programming."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.render.tab.fretboard import FRETS, Ways, ways_to_play
from inference.render.tab.tunings import Tuning

_SHIFT_COST = 0.25
_HURRY_S = 0.2  # a shift within this time costs twice as much
_MOST_HURRY = 6.0
_STRING_COST = 0.05
_LEFT_OUT_COST = 6.0
_MOVED_COST = 10.0
_EASE = 15.0  # one unit of cost a stroke weighs as much as so much trouble with the tuning
_APART = 15.0
_OCTAVE = 12


@dataclass(frozen=True, slots=True)
class Stroke:
    """What is struck at once, `at_s` seconds into the song."""

    pitches: tuple[int, ...]
    at_s: float
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A stroke on the fretboard: (string, fret) by the pitch it was asked for. Pitches no hand can add are left out."""

    places: dict[int, tuple[int, int]]
    moved: frozenset[int]


@dataclass(frozen=True, slots=True)
class Fingering:
    """A part in a tuning. `cost` compares tunings; `left_out` and `moved` count notes."""

    tuning: Tuning
    strokes: tuple[Placed, ...]
    cost: float
    left_out: int
    moved: int


@dataclass(frozen=True)
class _Choice:
    """A stroke's ways, and for each note of a grip the pitch it was asked for."""

    ways: Ways
    asked: tuple[int, ...]
    moved: frozenset[int]
    penalty: float


def finger(strokes: Sequence[Stroke], tuning: Tuning) -> Fingering:
    """The easiest way to play `strokes` (in order) in a tuning."""
    known: dict[tuple[tuple[int, ...], bool], _Choice] = {}
    choices = []
    for stroke in strokes:
        key = (stroke.pitches, stroke.muted)
        if key not in known:
            known[key] = _choose(stroke, tuning)
        choices.append(known[key])
    path, cost = _cheapest(choices, [stroke.at_s for stroke in strokes])
    placed = tuple(
        Placed(dict(zip(choice.asked, choice.ways.grips[place], strict=True)), choice.moved)
        for choice, place in zip(choices, path, strict=True)
    )
    left_out = sum(len(set(s.pitches)) - len(p.places) for s, p in zip(strokes, placed, strict=True))
    penalty = sum(choice.penalty for choice in choices)
    return Fingering(tuning, placed, cost + penalty, left_out, sum(len(p.moved) for p in placed))


def finger_together(
    parts: Sequence[Sequence[Stroke]], tunings: Sequence[Tuning], detuned: int | None = None
) -> list[Fingering]:
    """All parts in the one tuning in which the band plays them most easily.

    Args:
        parts: strokes of each player.
        tunings: to choose from.
        detuned: semitones that the rest of the band is below standard, None if nobody has tuned yet.
    """
    attempts = [[finger(strokes, tuning) for strokes in parts] for tuning in _promising(parts, tunings)]
    strokes = max(1, sum(len(part) for part in parts))

    def trouble(attempt: Sequence[Fingering]) -> float:
        tuning = attempt[0].tuning
        apart = _APART if detuned not in (None, tunings[0].strings[0] - tuning.strings[0]) else 0.0
        return tuning.trouble + apart + sum(part.cost for part in attempt) / strokes * _EASE

    return min(attempts, key=trouble) if parts else []


def _promising(parts: Sequence[Sequence[Stroke]], tunings: Sequence[Tuning]) -> list[Tuning]:
    """Tunings that reach the lowest note without a string far below it; all of them if none does."""
    pitches = [pitch for strokes in parts for stroke in strokes for pitch in stroke.pitches]
    lowest = min(pitches, default=tunings[0].lowest)
    reaching = [tuning for tuning in tunings if tuning.lowest <= lowest]
    closest = max((tuning.lowest for tuning in reaching), default=0)
    return [tuning for tuning in reaching if tuning.lowest >= closest - 2] or [tunings[-1]]


def _choose(stroke: Stroke, tuning: Tuning) -> _Choice:
    """Notes out of reach move by octaves, notes too many for the hand are left out, the inner ones first."""
    reachable = {pitch: _into_reach(pitch, tuning) for pitch in stroke.pitches}
    kept: dict[int, int] = {}
    for wanted, pitch in sorted(reachable.items(), key=lambda pair: pair[0] != pair[1]):
        if pitch not in kept.values():
            kept[wanted] = pitch
    asked = sorted(kept, key=lambda pitch: -kept[pitch])
    while (ways := ways_to_play([kept[pitch] for pitch in asked], tuning.strings, muted=stroke.muted)) is None:
        asked.remove(_least_missed(asked))
    moved = frozenset(pitch for pitch in asked if kept[pitch] != pitch)
    missing = len(reachable) - len(asked)
    return _Choice(ways, tuple(asked), moved, _LEFT_OUT_COST * missing + _MOVED_COST * len(moved))


def _into_reach(pitch: int, tuning: Tuning) -> int:
    while pitch < tuning.lowest:
        pitch += _OCTAVE
    while pitch > tuning.strings[0] + FRETS:
        pitch -= _OCTAVE
    return pitch


def _least_missed(pitches: Sequence[int]) -> int:
    """A doubled octave in the middle, or the middle note; never the outer ones while there are others."""
    inner = pitches[1:-1] or pitches[-1:]
    classes = [pitch % _OCTAVE for pitch in pitches]
    return min(inner, key=lambda pitch: (classes.count(pitch % _OCTAVE) < 2, abs(pitch - float(np.median(pitches)))))


def _cheapest(choices: Sequence[_Choice], times: Sequence[float]) -> tuple[list[int], float]:
    """For each stroke the number of its way, on the path of least cost (Viterbi)."""
    if not choices:
        return [], 0.0
    costs = choices[0].ways.costs
    back: list[NDArray[np.intp]] = []
    for before, now, gap in zip(choices, choices[1:], np.diff(times), strict=False):
        steps = costs[:, None] + _moves(before.ways, now.ways, max(float(gap), 0.0))
        best = steps.argmin(axis=0)
        back.append(best)
        costs = steps[best, np.arange(len(best))] + now.ways.costs
    place = int(costs.argmin())
    cost = float(costs[place])
    path = [place]
    for best in reversed(back):
        path.append(int(best[path[-1]]))
    return path[::-1], cost


def _moves(before: Ways, now: Ways, gap_s: float) -> NDArray[np.float64]:
    """What it costs to get from each way to each other one."""
    hurry = min(_MOST_HURRY, 1.0 + _HURRY_S / max(gap_s, 1e-3))
    shift = np.abs(before.positions[:, None] - now.positions[None, :]) * (_SHIFT_COST * hurry)
    skip = np.abs(before.strings[:, None] - now.strings[None, :]) * _STRING_COST
    return np.asarray(shift + skip, dtype=np.float64)
