"""Songs between two songs, and how alike two songs are, by their points."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.latent.course import REST
from inference.latent.points import Points
from inference.music.spec import Player


def partners(near: Sequence[Player], far: Sequence[Player]) -> list[int | None]:
    """For each player of one band who in the other does the same: its role, else any who is as much a drummer as it is.

    Of several with a role the first meets the first; who is one too many meets the last.
    """

    def partner(place: int) -> int | None:
        player = near[place]
        for like in (
            [other for other, them in enumerate(far) if them.role == player.role],
            [other for other, them in enumerate(far) if them.is_drum == player.is_drum],
        ):
            rank = sum(one.role == player.role for one in near[:place])
            if like:
                return like[min(rank, len(like) - 1)]
        return None

    return [partner(place) for place in range(len(near))]


def counterparts(near: Points, far: Points, partners: Sequence[int | None]) -> Tensor:
    """For each point of a song the one that the other song has at its place: [K, Z].

    That is what the partner plays in the bar where the point comes first, or the nearest bar in which it plays; a
    shorter song begins again. A point whose player has no partner is its own counterpart.
    """
    found = []
    for point, (bar, player) in zip(near.values, near.first, strict=True):
        partner = partners[player]
        played = np.array([]) if partner is None else np.flatnonzero(far.cells[:, partner] != REST)
        if not len(played):
            found.append(point)
            continue
        nearest = played[np.abs(played - bar % len(far.cells)).argmin()]
        found.append(far.values[int(far.cells[nearest, partner])])
    return torch.stack(found) if found else near.values


def likeness(first: Points, second: Points, bands: tuple[Sequence[Player], Sequence[Player]]) -> float:
    """Of each block the cosine to the nearest block of the other song's drummers, if a drummer plays it, or of the
    others; on average, weighted by how often it is played, -1 to 1.
    """
    values = functional.normalize(first.values, dim=-1) @ functional.normalize(second.values, dim=-1).T
    drums = [
        torch.tensor([band[player].is_drum for _, player in points.first], dtype=torch.bool)
        for points, band in zip((first, second), bands, strict=True)
    ]
    values = torch.where(drums[0].unsqueeze(1) == drums[1], values, -1.0)
    counts = [torch.from_numpy(np.bincount(points.cells[points.cells != REST])) for points in (first, second)]
    near = [
        (values.amax(dim=1) * counts[0]).sum() / counts[0].sum(),
        (values.amax(dim=0) * counts[1]).sum() / counts[1].sum(),
    ]
    return float(sum(near) / 2)
