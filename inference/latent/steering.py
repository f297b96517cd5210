"""From what is asked to points of the embedding space, and to what those add to the model's song."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from inference.latent.between import counterparts, likeness, partners
from inference.latent.course import Course
from inference.latent.drawing import Drawing, Stock
from inference.latent.points import Points, points_of
from inference.latent.prior import LatentPrior
from inference.latent.songs import conditions_of
from inference.latent.space import LatentSpace
from inference.latent.stored import load_space
from inference.model.stored import read_checkpoint
from inference.music.edit import VARY_STRENGTH, Edit, Operation
from inference.music.spec import SamplingParams, SongSpec, Space
from inference.tokens.arrangement import Arrangement
from inference.tokens.header import header_of
from inference.tokens.source import unpack_source


@dataclass(frozen=True)
class Steering:
    """The embedding space of a checkpoint, ready to draw from."""

    space: LatentSpace
    prior: LatentPrior
    stock: Stock
    genres: tuple[str, ...]

    @classmethod
    def load(cls, checkpoint: Path) -> "Steering | None":
        """None where the checkpoint has no embedding space, or no prior in it. Raises CheckpointError."""
        stored = load_space(checkpoint)
        if stored is None or stored.prior is None:
            return None
        config, _ = read_checkpoint(checkpoint)
        return cls(stored.space, stored.prior.prior, stored.prior.stock, config.genres)

    @cached_property
    def _drawing(self) -> Drawing:
        return Drawing(self.prior, self.space.sketch, self.stock)

    def course(self, spec: SongSpec, sampling: SamplingParams) -> Course | None:
        """Where a song is steered; None where notes are drawn as they come.

        The same spec and sampling give the same course.

        Args:
            spec: complete.
            sampling: its noise seed draws the points.

        Raises:
            BadMidi: the song to vary or to blend is damaged.
        """
        points = self._points(spec, sampling)
        return None if points is None else self.course_of(points)

    def course_of(self, points: Points) -> Course:
        """That of a song of these points."""
        return Course(points.cells, self.space.rows(points.values).float().numpy())

    def _points(self, spec: SongSpec, sampling: SamplingParams) -> Points | None:
        edit = spec.edit
        generator = torch.Generator().manual_seed(sampling.noise_seed)
        if edit is not None and edit.operation is Operation.BLEND:
            return self._blended(edit)
        if sampling.space is not Space.EMBEDDING:
            return None
        if edit is not None:
            return self.varied(self.points(edit.source), edit.strength or VARY_STRENGTH, generator)
        header = header_of(spec)
        return self._drawing.song(header.bars, conditions_of(header, self.genres), generator)

    def _blended(self, edit: Edit) -> Points:
        first, second = (unpack_source(song).arrangement for song in (edit.source, edit.other))
        return (
            self.between(second, first, 1 - edit.share)
            if edit.is_nearer_to_other
            else self.between(first, second, edit.share)
        )

    def between(self, near: Arrangement, far: Arrangement, share: float) -> Points:
        """The form of one song, and each of its points moved by a share of the way to its counterpart in the other."""
        here, there = self.points_in(near), self.points_in(far)
        meeting = counterparts(here, there, partners(near.header.players, far.header.players))
        return here.moved(torch.lerp(here.values, meeting, share))

    def varied(self, points: Points, strength: float, generator: torch.Generator) -> Points:
        """Each block moved at random, the same block always to the same place; at strength 1 nothing of it is left."""
        noise = torch.randn(points.values.shape, generator=generator)
        normal = (1 - strength**2) ** 0.5 * self.prior.normal(points.values) + strength * noise
        return points.moved(self.prior.placed(normal))

    def points(self, packed: str) -> Points:
        """Of a packed song. Raises BadMidi."""
        return self.points_in(unpack_source(packed).arrangement)

    def points_in(self, arrangement: Arrangement) -> Points:
        """Of a song."""
        return points_of(self.space.encoder, arrangement)

    def similarity(self, packed: str, other: str) -> float:
        """How close two songs are, -1 to 1 (`between.likeness`).

        Raises:
            BadMidi: one of them is damaged.
        """
        songs = [unpack_source(song).arrangement for song in (packed, other)]
        first, second = (self.points_in(song) for song in songs)
        normal = [points.moved(self.prior.normal(points.values)) for points in (first, second)]
        return likeness(normal[0], normal[1], (songs[0].header.players, songs[1].header.players))
