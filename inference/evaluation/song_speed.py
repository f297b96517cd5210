"""Row 13: how fast songs are written, by the clock, engine and all."""

import time
from collections.abc import Iterator, Sequence

import numpy as np

from inference.engine.contract import ComposeJob, Engine
from inference.evaluation.compose import compose_all
from inference.evaluation.estimate import bootstrap, ratio
from inference.evaluation.plan import SLOTS, Subject, running
from inference.evaluation.report import Row
from inference.training.bands import BARS

_ALONE = 2  # songs one after the other, at batch 1


def speed_rows(subject: Subject, jobs: Sequence[ComposeJob]) -> Iterator[Row]:
    """Songs one at a time, then SLOTS at a time. Raises CannotEvaluate, CheckpointError."""
    for together, count in ((1, _ALONE), (SLOTS, SLOTS)):
        with running(subject, together) as engine:
            measured = np.array(_per_batch(engine, jobs[:count], together))
        batches = range(len(measured))
        yield Row(13, f"notes/s, batch {together}", None, bootstrap(measured, batches, ratio))
        yield Row(13, f"s for {BARS} bars, batch {together}", None, bootstrap(measured[:, 1], batches))


def _per_batch(engine: Engine, jobs: Sequence[ComposeJob], together: int) -> list[tuple[int, float]]:
    """For each group of `together` jobs, sent at one moment: notes written, and seconds until the last was done."""
    measured = []
    for first in range(0, len(jobs), together):
        began = time.perf_counter()
        songs = compose_all(engine, jobs[first : first + together], lambda _: None)
        measured.append((sum(song.score.note_count for _, song in songs), time.perf_counter() - began))
    return measured
