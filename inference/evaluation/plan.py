"""What is evaluated, and the songs that are composed for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inference.engine import load_engine
from inference.engine.contract import ComposeJob, Engine
from inference.music.genre import Genre, GenreCatalogue
from inference.music.spec import SamplingParams, SongSpec
from inference.music.touch import Touch
from inference.training.bands import BARS

SLOTS = 8  # songs written at once

Complete = Callable[[SongSpec, int], SongSpec]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is evaluated, beside which banks, and the index of originality and the critic that go with it, if any."""

    checkpoint: Path
    banks: tuple[Path, ...]
    threads: int
    originality: Path | None = None
    critic: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which genres, how many songs of each, the seed of everything drawn, and takes a song.

    catalogue: all genres that a song could be taken for; row 11, which needs it to edit songs, is left out without.
    """

    genres: tuple[Genre, ...]
    songs: int = 100
    seed: int = 1
    takes: int = 1
    catalogue: GenreCatalogue | None = None

    @property
    def seeds(self) -> range:
        """One a song."""
        return range(self.seed, self.seed + self.songs)


def jobs_of(genre: Genre, seeds: Sequence[int], complete: Complete, touch: Touch | None = None) -> list[ComposeJob]:
    """Songs of BARS bars that differ in seed and in all that the genre leaves open.

    Args:
        genre: of each.
        seeds: one a song.
        complete: fills in what a spec leaves open, by seed.
        touch: instead of the genre's own.
    """
    spec = SongSpec(((genre.name, 1.0),), BARS, roster=genre.roster)
    played = genre.touch if touch is None else touch
    return [
        ComposeJob(
            f"{genre.name}-{seed}",
            complete(spec, seed),
            SamplingParams(seed, touch=played, form=genre.drawn_form(BARS, seed)),
        )
        for seed in seeds
    ]


@contextmanager
def running(subject: Subject, slots: int) -> Iterator[Engine]:
    """The subject's engine, started; it is stopped at the end. Raises CheckpointError."""
    engine = load_engine(subject.checkpoint, slots, subject.threads)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
