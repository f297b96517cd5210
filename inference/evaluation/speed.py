"""Decoding speed of an engine, without a service around it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from inference.engine import load_engine
from inference.engine.contract import ComposeJob, Engine, EngineEvent, Finished
from inference.music.genre import load_catalogue
from inference.music.spec import SamplingParams, SongSpec

_WARM_UP = 0.25  # of the window, before it

JobOf = Callable[[int], ComposeJob]


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """Which weights, on how many slots and threads."""

    checkpoint: Path
    slots: int
    threads: int


@dataclass(frozen=True, slots=True)
class DecodeSpeed:
    """Model steps a second, summed over the songs, with one song and with every slot taken."""

    one: float
    all: float


def decode_speed(setup: EngineSetup, genres: Path, spec: SongSpec, window_s: float) -> DecodeSpeed:
    """Measures both, `window_s` seconds each. Best run in a process of its own, as it imports torch.

    Args:
        setup: the engine, loaded anew for each.
        genres: the catalogue that completes `spec`.
        spec: the songs to write.
        window_s: seconds of each measurement, after a shorter warm-up.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
    """
    catalogue = load_catalogue(genres)

    def job(number: int) -> ComposeJob:
        return ComposeJob(f"bench-{number}", catalogue.complete(spec, number), SamplingParams(number))

    def measured(songs: int) -> float:
        return steps_per_s(load_engine(setup.checkpoint, setup.slots, setup.threads), job, songs, window_s)

    return DecodeSpeed(measured(1), measured(setup.slots))


def steps_per_s(engine: Engine, job: JobOf, songs: int, window_s: float) -> float:
    """Keeps `songs` songs in the making and counts steps; `engine` is not started yet and is stopped at the end."""
    numbers = count()

    def submit() -> None:
        engine.submit(job(next(numbers)), follow)

    def follow(event: EngineEvent) -> None:
        if isinstance(event, Finished):
            submit()

    engine.start()
    try:
        for _ in range(songs):
            submit()
        time.sleep(_WARM_UP * window_s)
        began, before = time.perf_counter(), engine.stats().steps
        time.sleep(window_s)
        return (engine.stats().steps - before) / (time.perf_counter() - began)
    finally:
        engine.stop()
