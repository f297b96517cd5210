"""What a song is asked to be, as the prior takes it."""

import torch

from inference.latent.prior import Conditions
from inference.model.inputs import genre_weights
from inference.model.song import song_numbers
from inference.tokens.arrangement import Header
from inference.tokens.state import player_numbers


def conditions_of(header: Header, genres: tuple[str, ...]) -> Conditions:
    """A batch of one."""
    players = torch.tensor([[player_numbers(player) for player in header.players]])
    return Conditions(torch.tensor([song_numbers(header)]), genre_weights(header, genres).unsqueeze(0), players)
