"""Composes many songs with an engine."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue

from inference.critic.takes import Judge, best_of
from inference.engine.contract import BarWritten, Cancelled, ComposeJob, Engine, EngineEvent, Failed, Finished, Started
from inference.evaluation.trouble import CannotEvaluate
from inference.music.genre import Genre

Tell = Callable[[str], None]
Composed = tuple[ComposeJob, Finished]


def naming(genre: Genre, tell: Tell) -> Tell:
    """Tells the same, and which genre it is about."""
    return lambda line: tell(f"{genre.title}: {line}")


def compose_all(engine: Engine, jobs: Sequence[ComposeJob], tell: Tell) -> list[Composed]:
    """Has a running engine write every job; the songs come back in the order of the jobs.

    Raises:
        CannotEvaluate: a song was not written.
    """
    events: SimpleQueue[EngineEvent] = SimpleQueue()
    for job in jobs:
        engine.submit(job, events.put)
    songs: dict[str, Finished] = {}
    while len(songs) < len(jobs):
        match events.get():
            case Finished() as song:
                songs[song.job_id] = song
                tell(f"{len(songs)} of {len(jobs)} songs")
            case Failed(reason=reason):
                raise CannotEvaluate(f"a song was not written: {reason}")
            case Cancelled():
                raise CannotEvaluate("the engine stopped before all songs were written")
            case Started() | BarWritten():
                pass
    return [(job, songs[job.id]) for job in jobs]


def compose_chosen(
    engine: Engine, jobs: Sequence[ComposeJob], takes: int, judge: Judge | None, tell: Tell
) -> list[Composed]:
    """As `compose_all`, but with several takes of each job, of which the best is kept as in the service."""
    return kept(compose_all(engine, takes_of(jobs, takes), tell), takes, judge)


def takes_of(jobs: Sequence[ComposeJob], takes: int) -> list[ComposeJob]:
    """So many takes of each job, one after another."""
    return [
        replace(job, id=f"{job.id}-{take}", sampling=replace(job.sampling, take=take))
        for job in jobs
        for take in range(takes)
    ]


def kept(songs: Sequence[Composed], takes: int, judge: Judge | None) -> list[Composed]:
    """Of so many takes of each song, one after another, those that the service would keep."""
    chosen = []
    for first in range(0, len(songs), takes):
        written = songs[first : first + takes]
        spec = written[0][0].spec
        chosen.append(written[best_of([song.score for _, song in written], spec, judge)])
    return chosen
