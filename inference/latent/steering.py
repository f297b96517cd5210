"""From what is asked to where each bar lies in the embedding space, and what that adds to the model's song."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from inference.latent.contract import Rows
from inference.latent.prior import LatentPrior
from inference.latent.songs import conditions_of, points_of
from inference.latent.space import LatentSpace
from inference.latent.stored import load_space
from inference.model.stored import read_checkpoint
from inference.music.edit import Edit, Operation
from inference.music.spec import SamplingParams, SongSpec, Space
from inference.tokens.header import header_of
from inference.tokens.layout import VARY_STRENGTH
from inference.tokens.source import unpack_source


@dataclass(frozen=True)
class Steering:
    """The embedding space of a checkpoint, ready to draw from."""

    space: LatentSpace
    prior: LatentPrior
    genres: tuple[str, ...]

    @classmethod
    def load(cls, checkpoint: Path) -> "Steering | None":
        """None where the checkpoint has no embedding space, or no prior in it. Raises CheckpointError."""
        stored = load_space(checkpoint)
        if stored is None or stored.prior is None:
            return None
        config, _ = read_checkpoint(checkpoint)
        return cls(stored.space, stored.prior, config.genres)

    @torch.no_grad()
    def rows(self, spec: SongSpec, sampling: SamplingParams) -> Rows | None:
        """What to add for bars begun and roles, float32 [1 + bars, ROLES, C]; None where notes are drawn as they come.

        The same spec and sampling give the same rows.

        Args:
            spec: complete.
            sampling: its noise seed draws the points.

        Raises:
            BadMidi: the song to vary or to blend is damaged.
        """
        points = self._points(spec, sampling)
        return None if points is None else self.rows_at(points)

    @torch.no_grad()
    def rows_at(self, points: Tensor) -> Rows:
        """What to add for a song of these points [bars, Z]."""
        rows: Rows = self.space.steer(points.unsqueeze(0))[0].float().numpy()
        return rows

    def _points(self, spec: SongSpec, sampling: SamplingParams) -> Tensor | None:
        edit = spec.edit
        generator = torch.Generator().manual_seed(sampling.noise_seed)
        if edit is not None and edit.operation is Operation.BLEND:
            return self.blended(edit)
        if sampling.space is not Space.EMBEDDING:
            return None
        if edit is not None:
            return self.varied(edit, generator)
        header = header_of(spec)
        return self.prior.sample(header.bars, conditions_of(header, self.genres), generator)

    def blended(self, edit: Edit) -> Tensor:
        """Bar by bar between two songs; the shorter one begins again, the nearer one says how many bars there are."""
        first, second = self.points(edit.source), self.points(edit.other)
        bars = torch.arange(len(second if edit.is_nearer_to_other else first))
        return torch.lerp(first[bars % len(first)], second[bars % len(second)], edit.share)

    def varied(self, edit: Edit, generator: torch.Generator) -> Tensor:
        """Each bar moved at random, the same bar always to the same place; at strength 1 nothing of it is left."""
        strength = edit.strength or VARY_STRENGTH
        points = self.prior.normal(self.points(edit.source))
        distinct, which = torch.unique(points, dim=0, return_inverse=True)
        noise = torch.randn(len(distinct), self.prior.size, generator=generator)[which]
        return self.prior.placed((1 - strength**2) ** 0.5 * points + strength * noise)

    def points(self, packed: str) -> Tensor:
        """Of a packed song: [bars, Z]. Raises BadMidi."""
        return points_of(self.space, unpack_source(packed).arrangement)

    def similarity(self, packed: str, other: str) -> float:
        """How close two songs are, -1 to 1: of each bar the cosine to the nearest bar of the other song, on average.

        Raises:
            BadMidi: one of them is damaged.
        """
        ours, theirs = (
            torch.nn.functional.normalize(self.prior.normal(self.points(song)), dim=-1) for song in (packed, other)
        )
        near = ours @ theirs.T
        return float((near.amax(dim=0).mean() + near.amax(dim=1).mean()) / 2)
