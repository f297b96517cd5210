"""Finds the leanings of each genre: songs drawn as its real ones were asked for are to measure as those do.

What is measured of a song moves one way with its own leaning, so each is moved by what is missing, less and less
(Robbins and Monro, 1951). Nothing is learnt by heart: a genre has a dozen numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inference.latent.agreement import Sounds
from inference.latent.drawing import Drawing
from inference.latent.habits import Heard, measured
from inference.latent.points import Points
from inference.latent.songs import Conditions

# How far a leaning moves at first for each part of what is missing: about one over twice how much that part varies
# among what there is to choose from.
_GAINS = torch.tensor([3.0] * 3 + [5.0] * 5 + [12.0, 8.0, 8.0, 8.0])
_MOST = 8.0
_SETTLING = 3.0  # rounds after which steps are half as long
_LATE = 0.5  # of the rounds, over which leanings are averaged
_REAL = 48  # songs of a genre that are measured
_BARS, _PLAYERS = range(20, 41), range(3, 7)  # of songs that are drawn quickly and have a form


@dataclass(frozen=True)
class Example:
    """A real song as the sketch plays it, and what it would be asked."""

    song: Heard
    conditions: Conditions


@dataclass(frozen=True)
class Effort:
    """How many songs are drawn in a round, and how many rounds there are at most."""

    songs: int = 6
    rounds: int = 7


def lean_all(
    drawing: Drawing,
    read: Sequence[tuple[Points, Conditions]],
    share: Callable[[], float],
    stopped: Callable[[], bool],
) -> None:
    """Sets the leanings of every genre of the prior, and of none, in what is left of some time.

    Args:
        drawing: of songs; its prior is changed.
        read: real songs.
        share: of the time that is over.
        stopped: whether to leave it there.
    """
    leanings = drawing.prior.leanings
    begun = share()
    for genre in range(len(leanings) - 1):
        until = begun + (1 - begun) * (genre + 1) / (len(leanings) - 1)

        def enough(until: float = until) -> bool:
            return share() >= until or stopped()

        real = [] if enough() else _examples(drawing, genre, read)
        if real:
            lean(drawing, genre, real, Effort(), enough)
    leanings[-1] = leanings[:-1].mean(dim=0)


def lean(
    drawing: Drawing, genre: int, real: Sequence[Example], effort: Effort, enough: Callable[[], bool] = lambda: False
) -> None:
    """Sets the leanings of one genre by its real songs; ends early when there were `enough` rounds."""
    leanings = drawing.prior.leanings
    target = _mean([measured(example.song, example.conditions) for example in real])
    late: list[Tensor] = []
    for number in range(effort.rounds):
        if enough():
            break
        drawn = _mean([_drawn(drawing, real, number * effort.songs + song) for song in range(effort.songs)])
        step = _GAINS * (target - drawn).nan_to_num(0.0) / (1 + number / _SETTLING)
        leanings[genre] = (leanings[genre] + step).clamp(-_MOST, _MOST)
        late.append(leanings[genre].clone())
    if late:
        leanings[genre] = torch.stack(late[int(len(late) * _LATE) :]).mean(dim=0)


def _examples(drawing: Drawing, genre: int, read: Sequence[tuple[Points, Conditions]]) -> list[Example]:
    some = [
        (points, asked)
        for points, asked in read
        if asked.genres[0, genre] == 1 and len(points.cells) in _BARS and points.cells.shape[1] in _PLAYERS
    ]
    return [
        Example(Heard(points.cells, Sounds.of(drawing.sketch, points.values.float())), asked)
        for points, asked in some[:_REAL]
    ]


def _drawn(drawing: Drawing, real: Sequence[Example], number: int) -> Tensor:
    example = real[number % len(real)]
    generator = torch.Generator().manual_seed(number)
    song = drawing.heard(len(example.song.cells), example.conditions, generator)
    return measured(song, example.conditions)


def _mean(measures: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(measures)).nanmean(dim=0)
