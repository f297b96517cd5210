"""What to like in takes so that those that are kept measure what real songs measure."""

import numpy as np
from numpy.typing import NDArray

from inference.critic.lines import Floats
from inference.critic.takes import HEAD_START

_STEPS, _STEP = 1500, 0.2
_WARMTH = 0.5  # how far a choice is softened so that weights can learn from it
_DAMPING = 0.1


def balancing(takes: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Float [M]: weights of measures by which takes are to be chosen.

    They bring the means of the chosen takes as near to nought, in least squares, as choosing can. To go against what
    songs lack on average goes too far where little is lacking, and loses in one measure what it gains in another:
    takes of many pitch classes repeat themselves less. Here each step asks what the takes lack that the weights choose
    so far (the dual of maximum entropy with given means: gradient descent on a damped, convex function). Who does not
    choose at all keeps the first take, which has a head start of the same size as in `best_of`.

    Args:
        takes: float [songs, T, M], T takes of each song, in deviations from real songs.
        kept: bool [songs, T], which takes may be chosen, at least one of each song.
    """
    songs = len(takes)
    start = np.where(kept, 0.0, -np.inf)
    start[np.arange(songs), kept.argmax(axis=1)] = HEAD_START
    weights = np.zeros(takes.shape[2])
    for _ in range(_STEPS):
        liked = (takes @ weights + start) / _WARMTH
        chances = np.exp(liked - liked.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        weights -= _STEP * (np.einsum("st,stm->m", chances, takes) / songs + _DAMPING * weights)
    return weights
