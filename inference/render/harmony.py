"""Which chords a band plays: one for each half bar at most, by templates and a dislike of change."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from inference.music.program import Role, role_of
from inference.music.score import Score
from inference.music.units import TICKS_PER_GRID
from inference.render.notation.bars import Bar, bars_of
from inference.render.notation.symbols import TONES, Symbol

_CHORDS = tuple((root, suffix) for root in range(12) for suffix in TONES)
_SIMPLICITY = {"": 0.06, "m": 0.06, "5": 0.05, "7": -0.04, "maj7": -0.05, "m7": -0.04}
_UNUSUAL = -0.2
_PRESENT = 0.06  # of the sound: a tone below this share is not there
_MISSING_ROOT, _MISSING_FIFTH, _MISSING_COLOUR = 0.3, 0.1, 0.6
_FOREIGN, _BASS_IS_ROOT = 1.0, 0.18
_CHANGE = 0.16
_FEW = 2
_SILENT_UNITS = 6.0
_BASS_WEIGHT = 1.5


def find_chords(score: Score, known_bars: int | None = None) -> tuple[Symbol, ...]:
    """Chords in order, each where it starts; equal neighbours are one. Drums are not listened to.

    `known_bars` is how many bars the song has, where that is known.
    """
    segments = _segments(bars_of(score, known_bars))
    weights, basses = _sound(score, segments)
    chosen = _best_path(_fits(weights, basses), weights.sum(axis=1))
    symbols: list[Symbol] = []
    for start, played, chord, bass, heard in zip(segments, chosen, _filled(chosen), basses, weights, strict=False):
        if played is None or chord is None:
            continue
        root, suffix = _CHORDS[chord]
        inverted = (
            _CHORDS[played][1] != "5" and 0 <= bass != root and (bass - root) % 12 in TONES[suffix] and heard[bass] > 0
        )
        symbol = Symbol(start, root, suffix, bass if inverted else root)
        if not symbols or replace(symbol, start=symbols[-1].start) != symbols[-1]:
            symbols.append(symbol)
    return tuple(symbols)


def _filled(chosen: Sequence[int | None]) -> list[int | None]:
    """Up to two bare fifths in a row beside the full chord over their root are that chord: nobody writes C5 C."""
    runs = [(chord, len(list(group))) for chord, group in groupby(chosen)]
    filled: list[int | None] = []
    for place, (chord, count) in enumerate(runs):
        beside = [near for near, _ in (*runs[max(0, place - 1) : place], *runs[place + 1 : place + 2])]
        full = next((near for near in beside if count <= _FEW and _fills(near, chord)), chord)
        filled += [full] * count
    return filled


def _fills(full: int | None, bare: int | None) -> bool:
    if full is None or bare is None:
        return False
    return _CHORDS[bare] == (_CHORDS[full][0], "5") and _CHORDS[full][1] in ("", "m")


def _segments(bars: Sequence[Bar]) -> list[int]:
    """Where halves of bars start (whole bars where they do not fall into equal halves), and last the end."""
    edges = []
    for bar in bars:
        edges.append(bar.start)
        if len(bar.beats) % 2 == 0 and len(set(bar.beats)) == 1:
            edges.append(bar.start + bar.edges[len(bar.beats) // 2])
    return [*edges, bars[-1].end]


def _sound(score: Score, segments: Sequence[int]) -> tuple[NDArray[np.float64], list[int]]:
    """How much of each pitch class sounds in each segment, and the pitch class that is lowest most of the time (-1)."""
    starts = np.array(segments)
    weights = np.zeros((len(segments) - 1, 12))
    lowest: list[dict[int, float]] = [{} for _ in weights]
    for track in score.tracks:
        if track.is_drum:
            continue
        factor = _BASS_WEIGHT if role_of(track.program, is_drum=False) is Role.BASS else 1.0
        for note in track.notes:
            start, end = note.tick / TICKS_PER_GRID, note.end / TICKS_PER_GRID
            place = max(0, int(np.searchsorted(starts, start, side="right")) - 1)
            while place < len(weights) and starts[place] < end:
                long = min(end, starts[place + 1]) - max(start, starts[place])
                weights[place, note.pitch % 12] += long * factor
                lowest[place][note.pitch] = lowest[place].get(note.pitch, 0.0) + long
                place += 1
    return weights, [_bass(pitches) for pitches in lowest]


def _bass(pitches: dict[int, float]) -> int:
    """The lowest pitch that sounds for at least a third of the time that the longest does."""
    longest = max(pitches.values(), default=0.0)
    return min((pitch for pitch, long in pitches.items() if long >= longest / 3), default=-1) % 12 if pitches else -1


def _fits(weights: NDArray[np.float64], basses: Sequence[int]) -> NDArray[np.float64]:
    """How well each chord fits each segment, shape (segments, chords)."""
    shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    fits = np.zeros((len(weights), len(_CHORDS)))
    bass = np.array(basses)
    for column, (root, suffix) in enumerate(_CHORDS):
        tones = [(root + tone) % 12 for tone in TONES[suffix]]
        inside = shares[:, tones].sum(axis=1)
        missing = (shares[:, tones] < _PRESENT) @ np.array([_price(tone) for tone in TONES[suffix]])
        fits[:, column] = inside - _FOREIGN * (1 - inside) - missing + _SIMPLICITY.get(suffix, _UNUSUAL)
        fits[:, column] += _BASS_IS_ROOT * (bass == root)
    return fits


def _price(tone: int) -> float:
    """What it costs to name a tone that is not heard: a third or a seventh is never just imagined."""
    return {0: _MISSING_ROOT, 7: _MISSING_FIFTH}.get(tone, _MISSING_COLOUR)


def _best_path(fits: NDArray[np.float64], loudness: NDArray[np.float64]) -> list[int | None]:
    """The chord of each segment; None where (nearly) nothing sounds."""
    heard = loudness > _SILENT_UNITS
    costs = -fits * heard[:, None]
    back = np.zeros(fits.shape, np.intp)
    total = costs[0]
    for place in range(1, len(fits)):
        cheapest = int(total.argmin())
        changing = total[cheapest] + _CHANGE
        back[place] = np.where(total <= changing, np.arange(len(total)), cheapest)
        total = np.minimum(total, changing) + costs[place]
    path = [int(total.argmin())]
    for place in range(len(fits) - 1, 0, -1):
        path.append(int(back[place][path[-1]]))
    return [chord if sounding else None for chord, sounding in zip(reversed(path), heard, strict=True)]
