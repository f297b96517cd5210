"""Looks for the touch whose songs are most like real ones.

Each weight is moved a little by itself while seeds, keys, tempos and bands stay the same, which says how every metric
answers to it. Damped steps (Levenberg, 1944) then make up for what is missing, and the songs of each step correct the
answers (Broyden, 1965), for they are noisy and not quite linear. What came of it is kept only if songs of other seeds
are nearer to real ones too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from inference.critic.lines import Floats
from inference.evaluation.compose import Tell
from inference.music.touch import PLAIN, Touch

# How far each weight is moved to see what it does, which is also what damping counts in.
MOVES: Mapping[str, float] = {
    "kick": 0.8,
    "unison": 0.4,
    "chord": 0.2,
    "high": 0.05,
    "again": 0.25,
    "one": 0.3,
    "two": 0.3,
    "four": 0.3,
    "eight": 0.3,
    "page": 0.5,
}
_NEEDS = {"kick": "kick and bass", "unison": "in unison"}
_LIMITS: Mapping[str, tuple[float, float]] = {"high": (0.9, 1.15)}
_MOST = 4.0  # either way, of all other weights
_LONGEST = 3.0  # moves of one weight in a step
_DAMPING, _SHORTER = 0.2, 3.0
_DIGITS = 2
FOUND = "found"

Write = Callable[[Touch, Sequence[int]], Floats]


@dataclass(frozen=True)
class Aim:
    """Real songs of a genre.

    Args:
        names: of the metrics.
        table: float [excerpts, metrics], NaN where a metric is not defined.
        songs: of each excerpt, the same number for excerpts of one song.
    """

    names: tuple[str, ...]
    table: Floats
    songs: tuple[int, ...]

    def off(self, table: Floats) -> Floats:
        """How far the means of a table [songs, metrics] are from real ones, in deviations of theirs: [metrics]."""
        known, found = np.ma.masked_invalid(self.table), np.ma.masked_invalid(table)
        apart = (found.mean(axis=0) - known.mean(axis=0)) / (known.std(axis=0) + 1e-9)
        off: Floats = np.ma.filled(apart, 0.0)
        return off

    def distance(self, table: Floats) -> float:
        """The mean of that over the metrics, without signs."""
        return float(np.abs(self.off(table)).mean())


@dataclass(frozen=True)
class Tuned:
    """Every touch that was a candidate, FOUND among them, with what its songs of the held-back seeds measure.

    kept: the name of the one whose songs are nearest to real ones.
    """

    touches: Mapping[str, Touch]
    tables: Mapping[str, Floats]
    kept: str

    @property
    def touch(self) -> Touch:
        return self.touches[self.kept]


@dataclass(frozen=True, slots=True)
class Effort:
    """songs: written for each setting. seed: of the first. steps: taken, each for the price of one setting."""

    songs: int = 32
    seed: int = 3_000_000
    steps: int = 4

    @property
    def chosen_by(self) -> range:
        return range(self.seed, self.seed + self.songs)

    @property
    def held_back(self) -> range:
        """Twice as many, for they decide alone."""
        return range(self.seed + self.songs, self.seed + 3 * self.songs)


def tune(write: Write, aim: Aim, candidates: Mapping[str, Touch], effort: Effort, tell: Tell) -> Tuned:
    """Searches from the best of some touches.

    Args:
        write: writes a song with a touch for each seed, and measures them: float [seeds, metrics].
        aim: what real songs measure.
        candidates: by name, at least one; of equals the first is kept.
        effort: how many songs.
        tell: takes lines on how far it is.
    """
    found = rounded(_search(write, aim, candidates, effort, tell))
    touches = {**candidates, FOUND: found}
    tables = {name: write(touch, effort.held_back) for name, touch in touches.items()}
    return Tuned(touches, tables, min(tables, key=lambda name: aim.distance(tables[name])))


def _search(write: Write, aim: Aim, candidates: Mapping[str, Touch], effort: Effort, tell: Tell) -> Touch:
    def measured(touch: Touch) -> tuple[float, Floats]:
        table = write(touch, effort.chosen_by)
        return aim.distance(table), aim.off(table)

    begun = {name: measured(touch) for name, touch in candidates.items()}
    nearest = min(begun, key=lambda name: begun[name][0])
    found, (best, off) = candidates[nearest], begun[nearest]
    tell(f"{best:.3f} deviations from real songs with the touch {nearest}; asking what each weight does")
    names = [name for name in MOVES if any(_NEEDS.get(name, "") in metric for metric in aim.names)]
    answers = np.stack([measured(_moved(found, {name: 1.0}))[1] - off for name in names], axis=1)
    damping = _DAMPING
    for number in range(effort.steps):
        moves = _step(answers, off, damping)
        touch = _moved(found, dict(zip(names, moves.tolist(), strict=True)))
        distance, there = measured(touch)
        tell(f"step {number + 1} of {effort.steps}: {distance:.3f} deviations from real songs")
        answers = answers + np.outer(there - off - answers @ moves, moves) / (moves @ moves + 1e-9)
        if distance < best:
            found, best, off = touch, distance, there
        else:
            damping *= _SHORTER
    return found


def rounded(touch: Touch) -> Touch:
    """To as many digits as a catalogue says."""
    return replace(touch, **{name: round(value, _DIGITS) for name, value in touch.said().items()})


def _step(answers: Floats, off: Floats, damping: float) -> Floats:
    """How many moves of each weight bring the metrics nearer to real: float [weights].

    Args:
        answers: float [metrics, weights], what one move does.
        off: float [metrics].
        damping: of moves that do little.
    """
    damped = answers.T @ answers + damping * np.eye(answers.shape[1])
    moves: Floats = np.clip(-np.linalg.solve(damped, answers.T @ off), -_LONGEST, _LONGEST)
    return moves


def _moved(touch: Touch, moves: Mapping[str, float]) -> Touch:
    """The touch with weights moved, as far as their limits allow."""
    known = {one.name: getattr(touch, one.name) for one in fields(PLAIN)}
    changed = {}
    for name, move in moves.items():
        low, high = _LIMITS.get(name, (-_MOST, _MOST))
        changed[name] = min(high, max(low, known[name] + move * MOVES[name]))
    return replace(touch, **changed)
