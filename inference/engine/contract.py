"""What the service asks of an engine, and what an engine answers. No torch here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from inference.latent.course import Course
from inference.music.score import Score
from inference.music.spec import SamplingParams, SongSpec


@dataclass(frozen=True, slots=True)
class ComposeJob:
    """One song to write. `spec` is complete (no field is None except title).

    Args:
        id: names it.
        spec: what it should be.
        sampling: how its notes are drawn.
        client, user: on whose behalf, opaque; clients take turns, and within a client its users do.
        scheduled: nobody waits for it at a screen, so it stands behind those that somebody waits for.
        deadline_s: seconds after `submit` at which it is given up, None for never.
        course: where the embedding space steers the song. With it the whole song is written anew, in the form that the
            course says, whatever the spec's edit; None for none.
    """

    id: str
    spec: SongSpec
    sampling: SamplingParams
    client: str = ""
    user: str = ""
    scheduled: bool = False
    deadline_s: float | None = None
    course: Course | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Started:
    """The job left the waiting line and holds a slot."""

    job_id: str


@dataclass(frozen=True, slots=True)
class BarWritten:
    job_id: str
    bars_done: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The song is written. `steps` is the number of model steps, `seconds` the time it held a slot."""

    job_id: str
    score: Score
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    job_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    job_id: str


EngineEvent = Started | BarWritten | Finished | Failed | Cancelled
Listener = Callable[[EngineEvent], None]


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A snapshot for metrics.

    `steps` counts model steps since the start, summed over slots; `restarts` how often the worker broke and began anew.
    """

    waiting: int
    running: int
    slots: int
    steps: int
    restarts: int = 0


class Engine(Protocol):
    """Writes songs on a thread of its own; every method may be called from any thread."""

    @property
    def checkpoint(self) -> str:
        """Hash that names the weights, part of every recipe."""

    @property
    def is_alive(self) -> bool:
        """Whether a job submitted now would be written: the worker runs and does not stand still."""

    def start(self) -> None:
        """Loads nothing more, starts the decoding thread."""

    def submit(self, job: ComposeJob, listener: Listener) -> None:
        """Queues a job. `listener` gets its events in order, on the engine's thread; it must not block.

        A job whose worker breaks is written again from its first step, so `Started` and bars may be told once more.
        """

    def cancel(self, job_id: str) -> None:
        """Frees the slot at the next step; the listener gets `Cancelled`. Unknown or ended ids are ignored."""

    def stats(self) -> EngineStats: ...

    def stop(self) -> None:
        """Cancels what runs and waits for the thread, but not for ever."""
