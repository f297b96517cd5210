"""All the ways a hand can play one chord."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRETS = 22
_FINGERS, _REACH, _STRETCH = 4, 3, 4
_HIGHEST_POSITION = FRETS - 3
_STRETCH_COST = 1.0
_HEIGHT_COST = 0.1
_HIGH_FRET, _HIGH_FRET_COST = 12, 0.12
_MUTED_STRING_COST = 0.15
_MUTED_THIN, _MUTED_THIN_COST = 2, 0.5  # nobody chugs on the two thinnest strings of a guitar
_GAP_COST = 0.6
_THIN_OPEN_COST = 0.3
_OPEN_IN_GRIP_COST = 0.5
_MOST_GRIPS = 400
_GUITAR_STRINGS = 6

Grip = tuple[tuple[int, int], ...]
"""(String, fret) of each note of a chord, the highest note first; string 1 is the thinnest, fret 0 is open."""


@dataclass(frozen=True)
class Ways:
    """Grips of one chord with hand positions; arrays of one length. `position` is the fret of the index finger."""

    grips: tuple[Grip, ...]
    positions: NDArray[np.int32]
    strings: NDArray[np.float64]
    costs: NDArray[np.float64]


def ways_to_play(pitches: Sequence[int], strings: Sequence[int], *, muted: bool) -> Ways | None:
    """Every grip within reach and every place the hand may be in for it; None if there is none.

    Args:
        pitches: distinct, the highest first.
        strings: pitches of the open strings, the highest first.
        muted: palm mutes want thick strings.
    """
    grips: list[Grip] = []
    positions: list[int] = []
    costs: list[float] = []
    for grip in _grips(tuple(pitches), tuple(strings)):
        if len(grips) >= _MOST_GRIPS:
            break
        for position, cost in _positions(grip):
            grips.append(grip)
            positions.append(position)
            costs.append(cost + _cost(grip, len(strings), muted=muted))
    if not grips:
        return None
    middles = np.array([np.mean([string for string, _ in grip]) for grip in grips])
    return Ways(tuple(grips), np.array(positions, np.int32), middles, np.array(costs))


def _grips(pitches: tuple[int, ...], strings: tuple[int, ...], first: int = 0) -> Iterator[Grip]:
    """Higher notes on thinner strings, one note a string, the fretted ones within a stretched hand."""
    if not pitches:
        yield ()
        return
    for index in range(first, len(strings) - len(pitches) + 1):
        fret = pitches[0] - strings[index]
        if 0 <= fret <= FRETS:
            for rest in _grips(pitches[1:], strings, index + 1):
                fretted = [other for _, other in ((0, fret), *rest) if other]
                if not fretted or max(fretted) - min(fretted) <= _STRETCH:
                    yield ((index + 1, fret), *rest)


def _positions(grip: Grip) -> Iterator[tuple[int, float]]:
    """Where the hand may be, with what the stretch costs; nowhere if it takes more than four fingers."""
    frets = [fret for _, fret in grip if fret]
    if not frets:
        yield from ((position, 0.0) for position in range(1, _HIGHEST_POSITION + 1))
        return
    low, high = min(frets), max(frets)
    barred = 1 if frets.count(low) > 1 else 0
    if len(frets) - (frets.count(low) - 1) * barred > _FINGERS:
        return
    if high - low <= _REACH:
        # a chord is gripped with the index finger, a single note with any finger
        lowest = low if len(frets) > 1 else max(1, high - _REACH)
        yield from ((position, 0.1 * (low - position)) for position in range(lowest, min(low, _HIGHEST_POSITION) + 1))
    else:
        yield min(low, _HIGHEST_POSITION), _STRETCH_COST * (2.0 if low < 5 else 1.0)


def _cost(grip: Grip, strings: int, *, muted: bool) -> float:
    high = sum(max(0, fret - _HIGH_FRET) for _, fret in grip) * _HIGH_FRET_COST
    height = _HEIGHT_COST * sum(fret for _, fret in grip) / len(grip)
    gaps = grip[-1][0] - grip[0][0] + 1 - len(grip)  # strings in between must be kept quiet
    thick = 0.0
    if muted:
        thick = sum(strings - string for string, _ in grip) / len(grip) * _MUTED_STRING_COST
        thick += _MUTED_THIN_COST * (strings >= _GUITAR_STRINGS and grip[0][0] <= _MUTED_THIN)
    thin_open = _THIN_OPEN_COST * sum(fret == 0 and string <= strings - 2 for string, fret in grip)
    opened = sum(fret == 0 for _, fret in grip)
    mixed = _OPEN_IN_GRIP_COST * opened if max(fret for _, fret in grip) > _STRETCH else 0.0
    return high + height + _GAP_COST * gaps + thick + thin_open + mixed
