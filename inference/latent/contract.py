"""What the service asks of an embedding space. No torch here: it takes seconds, and most songs need none."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from inference.latent.course import Course
from inference.music.edit import Operation
from inference.music.errors import InvalidSpec
from inference.music.spec import SamplingParams, SongSpec, Space

STEERED_TEMPERATURE = 0.5

Steer = Callable[[SongSpec, SamplingParams], Course | None]


def is_steered(spec: SongSpec, sampling: SamplingParams) -> bool:
    """Whether a song is written from points of the embedding space."""
    return sampling.space is Space.EMBEDDING or (spec.edit is not None and spec.edit.operation is Operation.BLEND)


def as_cold_as_it_should_be(spec: SongSpec, sampling: SamplingParams) -> SamplingParams:
    """What is steered is drawn colder: its points say what is to be played, and warm notes only stray from them."""
    return replace(sampling, temperature=STEERED_TEMPERATURE) if is_steered(spec, sampling) else sampling


def no_steer(spec: SongSpec, sampling: SamplingParams) -> None:
    """Stands in where there is no embedding space. Raises InvalidSpec when one is needed."""
    if is_steered(spec, sampling):
        raise InvalidSpec("space", "the model that plays here has no embedding space")


def space_path(checkpoint: Path) -> Path:
    """Where the embedding space of a checkpoint is."""
    return checkpoint.with_suffix(".latent.safetensors")


def steer_of(checkpoint: Path) -> Steer:
    """What says where songs lie in the embedding space of a checkpoint; loaded when the first song asks for it."""
    if not space_path(checkpoint).exists():
        return no_steer

    @cache
    def loaded() -> Steer:
        from inference.latent.steering import Steering

        steering = Steering.load(checkpoint)
        return no_steer if steering is None else steering.course

    return lambda spec, sampling: loaded()(spec, sampling) if is_steered(spec, sampling) else None
