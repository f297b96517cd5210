"""Songs as the encoder and the prior take them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from inference.latent.encoder import BarGrid
from inference.latent.prior import Conditions
from inference.latent.space import LatentSpace
from inference.model.example import Example, to_example
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.music.spec import MAX_PLAYERS
from inference.music.units import MAX_BARS
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.encode import encode, prefix
from inference.tokens.state import PLAYER_COLUMNS, BandState


@torch.no_grad()
def points_of(space: LatentSpace, arrangement: Arrangement) -> Tensor:
    """The mean point of each bar: [bars, Z]."""
    return torch.cat([space.encoder(*_read(part))[0][0, : len(part.rows)] for part in _parts(arrangement)])


@torch.no_grad()
def divergence_of(space: LatentSpace, arrangement: Arrangement) -> Tensor:
    """How far what the encoder says of each bar is from N(0, 1), nats: [bars, Z]."""
    found = []
    for part in _parts(arrangement):
        mean, log_variance = space.encoder(*_read(part))
        found.append((0.5 * (mean.square() + log_variance.exp() - 1 - log_variance))[0, : len(part.rows)])
    return torch.cat(found)


def _parts(arrangement: Arrangement) -> Iterator[Arrangement]:
    """As many bars at a time as an example holds; a bar's point depends on no other bar."""
    header = replace(arrangement.header, ahead=0)
    for first in range(0, len(arrangement.rows), MAX_BARS):
        rows = arrangement.rows[first : first + MAX_BARS]
        yield Arrangement(replace(header, bars=len(rows)), rows)


def _read(arrangement: Arrangement) -> tuple[StepInputs, BarGrid]:
    plain = Arrangement(replace(arrangement.header, genres=(), ahead=0, free_order=False), arrangement.rows)
    return one_example(to_example(plain, list(encode(plain)), ()))


def one_example(example: Example) -> tuple[StepInputs, BarGrid]:
    """A batch of one."""

    def batch(array: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> Tensor:
        return torch.from_numpy(array).unsqueeze(0)

    inputs = StepInputs(
        batch(example.fields),
        batch(example.context),
        batch(example.content),
        batch(example.song),
        batch(example.genres),
    )
    return inputs, BarGrid(batch(example.block), batch(example.cells), batch(example.place))


def conditions_of(header: Header, genres: tuple[str, ...]) -> Conditions:
    """What a song is asked to be, as a batch of one."""
    state = BandState(header)
    players = torch.zeros(1, MAX_PLAYERS, len(PLAYER_COLUMNS), dtype=torch.int64)
    for place, step in enumerate(prefix(header)):
        state.push(step)
        if place > 0:
            context = state.context()
            players[0, place - 1] = torch.tensor([context[column] for column in PLAYER_COLUMNS])
    song = torch.tensor([song_numbers(header)])
    return Conditions(song, genre_weights(header, genres).unsqueeze(0), players)
