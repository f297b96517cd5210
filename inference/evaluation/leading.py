"""Looks for the touch whose songs are most like real ones.

Each weight is moved a little by itself while seeds, keys, tempos and bands stay the same, which says how every metric
answers to it; genres answer much alike and songs differ a lot, so every genre goes by the mean of all answers. Damped
steps (Levenberg, 1944) then make up for what is missing, and the songs of each step correct the answers (Broyden,
1965), for they are noisy and not quite linear. What came of it is kept only if songs of other seeds are nearer to real
ones too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.critic.lines import Floats
from inference.evaluation.compose import Tell
from inference.music.touch import PLAIN, Touch

# How far each weight is moved to see what it does, which is also what damping counts in.
MOVES: Mapping[str, float] = {
    "kick": 0.8,
    "unison": 0.4,
    "chord": 0.2,
    "tones": 0.3,
    "key": 0.4,
    "high": 0.05,
    "again": 0.25,
    "one": 0.3,
    "two": 0.3,
    "four": 0.3,
    "eight": 0.3,
    "far": 0.4,
    "page": 0.5,
    "drums": 0.08,
    "groove": 0.8,
    "section": 1.0,
}
_NEEDS = {"kick": "kick and bass", "unison": "in unison", "drums": "drummer", "groove": "drummer"}
_LIMITS: Mapping[str, tuple[float, float]] = {
    "high": (0.9, 1.15),
    "key": (0.0, 1.6),
    "kick": (-4.0, 6.0),
    "drums": (0.7, 1.1),
    "section": (0.0, 4.0),
}
_MOST = 4.0  # either way, of all other weights
_LONGEST = 3.0  # moves of one weight in a step
_DAMPING, _SHORTER = 0.8, 3.0
_DIGITS = 2
# Of single takes that keep their wishes: of four one does in 91 of 100 songs. What is missing counts so many times.
_OBEDIENT, _DISOBEDIENCE = 0.45, 2.0
FOUND, HALF_WAY = "found", "half way there"

_Name = TypeVar("_Name")


@dataclass(frozen=True)
class Songs:
    """Single takes: float [songs, metrics], NaN where a metric is not defined; bool [songs], who keeps all wishes."""

    table: Floats
    kept: NDArray[np.bool_]


Write = Callable[[Touch, Sequence[int]], Songs]


@dataclass(frozen=True)
class Aim:
    """Real songs of a genre.

    Args:
        names: of the metrics.
        table: float [excerpts, metrics], NaN where a metric is not defined.
        songs: of each excerpt, the same number for excerpts of one song.
        units: float [metrics], how far the mean of each may well be off.
    """

    names: tuple[str, ...]
    table: Floats
    songs: tuple[int, ...]
    units: Floats

    def off(self, table: Floats) -> Floats:
        """How far the means of a table [songs, metrics] are from real ones, in units: [metrics]."""
        known, found = np.ma.masked_invalid(self.table), np.ma.masked_invalid(table)
        apart = (found.mean(axis=0) - known.mean(axis=0)) / self.units
        off: Floats = np.ma.filled(apart, 0.0)
        return off

    def distance(self, songs: Songs, choice: Floats) -> float:
        """The root of its mean square over the metrics, and what is owed for songs that break their wishes.

        Squares, as the steps go by them: one metric that is far off weighs more than many that are a little.

        Args:
            songs: all that were written, for they are few.
            choice: float [metrics], by how much those that keep their wishes, and may be released, differ from all.
        """
        owed = _DISOBEDIENCE * max(0.0, _OBEDIENT - float(songs.kept.mean()))
        return float(np.sqrt(np.square(self.off(songs.table) + choice).mean())) + owed


@dataclass(frozen=True)
class Answers:
    """What one move of each weight does to the mean of a metric, and what it does to keep songs that keep their wishes.

    Args:
        weights: in units of the metric, by (metric, weight).
        choice: the same by metric.
    """

    weights: Mapping[tuple[str, str], float]
    choice: Mapping[str, float]

    @classmethod
    def mean(cls, several: Sequence[Self]) -> Self:
        """Of those who know."""
        return cls(_mean([one.weights for one in several]), _mean([one.choice for one in several]))

    def among(self, metrics: Sequence[str], names: Sequence[str]) -> tuple[Floats, Floats]:
        """Float [metrics, weights] and [metrics]; nought where it is not known."""
        table = [[self.weights.get((metric, name), 0.0) for name in names] for metric in metrics]
        return np.array(table).reshape(len(metrics), len(names)), np.array(
            [self.choice.get(one, 0.0) for one in metrics]
        )


@dataclass(frozen=True)
class Tuned:
    """Every touch that was a candidate, and FOUND and HALF_WAY if new, with its songs of the held-back seeds.

    choice: float [metrics], as `Aim.distance` takes it.
    """

    aim: Aim
    touches: Mapping[str, Touch]
    songs: Mapping[str, Songs]
    choice: Floats

    @property
    def kept(self) -> str:
        """The name of the one whose songs are nearest to real ones."""
        return min(self.songs, key=lambda name: self.aim.distance(self.songs[name], self.choice))

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


@dataclass(frozen=True)
class Start:
    """Touches by name, at least one, of which the search begins from the best; of equals the first is kept."""

    candidates: Mapping[str, Touch]
    answers: Answers


def ask(write: Write, aim: Aim, touch: Touch, effort: Effort) -> Answers:
    """Moves every weight of a touch by itself, for the price of one setting each and one more.

    Args:
        write: writes a song with a touch for each seed.
        aim: what real songs measure.
        touch: from where.
        effort: how many songs.
    """
    names = _weights_of(aim)
    settings = [write(touch, effort.chosen_by)]
    settings += [write(_moved(touch, {name: 1.0}), effort.chosen_by) for name in names]
    off = [aim.off(songs.table) for songs in settings]
    everything = np.concatenate([songs.table for songs in settings])
    kept = everything[np.concatenate([songs.kept for songs in settings])]
    choice = aim.off(kept) - aim.off(everything) if len(kept) else np.zeros(len(aim.names))
    weights = {
        (metric, name): float(there[row] - off[0][row])
        for row, metric in enumerate(aim.names)
        for name, there in zip(names, off[1:], strict=True)
    }
    return Answers(weights, dict(zip(aim.names, choice.tolist(), strict=True)))


def tune(write: Write, aim: Aim, start: Start, effort: Effort, tell: Tell) -> Tuned:
    """Searches from the best of some touches.

    Args:
        write: writes a song with a touch for each seed, and measures them.
        aim: what real songs measure.
        start: where to begin, and what weights do.
        effort: how many songs.
        tell: takes lines on how far it is.
    """
    begun, found = _search(write, aim, start, effort, tell)
    touches = dict(start.candidates)
    for name, touch in ((HALF_WAY, _between(begun, found)), (FOUND, found)):
        if rounded(touch) not in touches.values():
            touches[name] = rounded(touch)
    songs = {name: write(touch, effort.held_back) for name, touch in touches.items()}
    return Tuned(aim, touches, songs, start.answers.among(aim.names, ())[1])


def _search(write: Write, aim: Aim, start: Start, effort: Effort, tell: Tell) -> tuple[Touch, Touch]:
    """Where it began, and where it came to."""
    names = _weights_of(aim)
    answers, choice = start.answers.among(aim.names, names)

    def measured(touch: Touch) -> tuple[float, Floats]:
        songs = write(touch, effort.chosen_by)
        return aim.distance(songs, choice), aim.off(songs.table) + choice

    begun = {name: measured(touch) for name, touch in start.candidates.items()}
    nearest = min(begun, key=lambda name: begun[name][0])
    first = found = start.candidates[nearest]
    best, off = begun[nearest]
    tell(f"{best:.3f} units from real songs with the touch {nearest}")
    damping = _DAMPING
    for number in range(effort.steps):
        moves = _step(answers, off, damping)
        touch = _moved(found, dict(zip(names, moves.tolist(), strict=True)))
        distance, there = measured(touch)
        tell(f"step {number + 1} of {effort.steps}: {distance:.3f} units from real songs")
        moves = np.array([(getattr(touch, name) - getattr(found, name)) / MOVES[name] for name in names])
        answers = answers + np.outer(there - off - answers @ moves, moves) / (moves @ moves + 1e-9)
        if distance < best:
            found, best, off = touch, distance, there
        else:
            damping *= _SHORTER
    return first, found


def _between(one: Touch, other: Touch) -> Touch:
    """Steps that few songs asked for are often too long."""
    return replace(
        one, **{name: (getattr(one, name) + getattr(other, name)) / 2 for name in {**one.said(), **other.said()}}
    )


def _weights_of(aim: Aim) -> list[str]:
    """Those that some metric can answer to."""
    return [name for name in MOVES if any(_NEEDS.get(name, "") in metric for metric in aim.names)]


def _mean(several: Sequence[Mapping[_Name, float]]) -> dict[_Name, float]:
    """By name, over those that have it."""
    names = dict.fromkeys(name for one in several for name in one)
    return {name: float(np.mean([one[name] for one in several if name in one])) for name in names}


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
