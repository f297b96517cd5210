"""Songs as the encoder and the prior take them."""

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
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.encode import encode, prefix
from inference.tokens.state import PLAYER_COLUMNS, BandState


@torch.no_grad()
def points_of(space: LatentSpace, arrangement: Arrangement) -> Tensor:
    """The mean point of each bar: [bars, Z]. At most MAX_BARS bars."""
    mean, _ = space.encoder(*_read(arrangement))
    points: Tensor = mean[0, : len(arrangement.rows)]
    return points


@torch.no_grad()
def divergence_of(space: LatentSpace, arrangement: Arrangement) -> Tensor:
    """How far what the encoder says of each bar is from N(0, 1), nats: [bars, Z]."""
    inputs, grid = _read(arrangement)
    mean, log_variance = space.encoder(inputs, grid)
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
    found: Tensor = divergence[0, : len(arrangement.rows)]
    return found


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
