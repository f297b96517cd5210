"""Finds the leanings of each genre: songs drawn for its band are to measure as real ones do that are played by it.

What is measured of a song moves one way with its own leaning, so each is moved by what is missing, less and less
(Robbins and Monro, 1951). Nothing is learnt by heart: a genre has a dozen numbers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from inference.latent.agreement import Sounds
from inference.latent.drawing import Drawing
from inference.latent.habits import Heard, measured
from inference.latent.points import points_of
from inference.latent.songs import Conditions, conditions_of
from inference.latent.space import LatentSpace
from inference.tokens.arrangement import Arrangement
from inference.training.bands import Played

# How far a leaning moves at first for each part of what is missing: about one over twice how much that part varies
# among what there is to choose from.
_GAINS = torch.tensor([3.0] * 3 + [5.0] * 5 + [12.0, 8.0, 8.0, 8.0, 1.0])
_MOST = 8.0
_SETTLING = 3.0  # rounds after which steps are half as long
_LATE = 0.5  # of the rounds, over which leanings are averaged
_REAL = 96  # songs of a genre that are measured


@dataclass(frozen=True)
class Example:
    """A real song as the sketch plays it, and what it would be asked."""

    song: Heard
    conditions: Conditions


@dataclass(frozen=True)
class Effort:
    """How many songs are drawn in a round, and how many rounds there are at most."""

    songs: int = 12
    rounds: int = 10


def lean_all(
    drawing: Drawing,
    real: Callable[[int], Sequence[Example]],
    share: Callable[[], float],
    stopped: Callable[[], bool],
) -> None:
    """Sets the leanings of every genre of the prior, and of none, in what is left of some time.

    A genre without real songs, and none, lean as the others do on average.

    Args:
        drawing: of songs; its prior is changed.
        real: songs of a genre, by its number.
        share: of the time that is over.
        stopped: whether to leave it there.
    """
    leanings = drawing.prior.leanings
    genres = len(leanings) - 1
    led = torch.zeros(genres + 1, dtype=torch.bool)
    for genre in range(genres):
        until = (share() * (genres - genre - 1) + 1) / (genres - genre)  # an equal part of what is left

        def enough(until: float = until) -> bool:
            return share() >= until or stopped()

        examples = [] if enough() else real(genre)
        led[genre] = bool(examples) and lean(drawing, genre, examples, Effort(), enough)
    if led.any():
        leanings[~led] = leanings[led].mean(dim=0)


@torch.no_grad()
def examples_of(space: LatentSpace, played: Iterable[Played], genres: tuple[str, ...]) -> list[Example]:
    """Real songs, each beside the wishes that its header has."""
    return [_example(space, one.arrangement, genres) for one in islice(played, _REAL)]


def lean(
    drawing: Drawing, genre: int, real: Sequence[Example], effort: Effort, enough: Callable[[], bool] = lambda: False
) -> bool:
    """Sets the leanings of one genre by its real songs; ends early when there were `enough` rounds.

    Returns:
        Whether there was one.
    """
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
    return bool(late)


def _example(space: LatentSpace, arrangement: Arrangement, genres: tuple[str, ...]) -> Example:
    points = points_of(space.encoder, arrangement)
    return Example(
        Heard(points.cells, Sounds.of(space.sketch, points.values)), conditions_of(arrangement.header, genres)
    )


def _drawn(drawing: Drawing, real: Sequence[Example], number: int) -> Tensor:
    example = real[number % len(real)]
    generator = torch.Generator().manual_seed(number)
    song = drawing.heard(len(example.song.cells), example.conditions, generator)
    return measured(song, example.conditions)


def _mean(measures: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(measures)).nanmean(dim=0)
