"""Starts the further processes of a run that learns in several at once, and ends them with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import distributed

from inference.training.batches import leave_signals_to_the_trainer
from inference.training.settings import TrainSettings
from inference.training.train import Run
from inference.training.trouble import CannotTrain

# Helpers wait while the first process evaluates and saves; one that is gone is noticed at once by its connection.
_PATIENCE = timedelta(hours=2)
_LOOK_S = 1.0
_ENDED = "one of the training processes ended; the same command goes on from what was last saved"


@contextmanager
def helped(run: Run, processes: int) -> Iterator[None]:
    """Inside, updates of the run are made by so many processes together; the others take it up from its state.

    Raises:
        CannotTrain: one of the others ended before the run did.
    """
    if processes == 1:
        yield
        return
    run.save()
    with TemporaryDirectory() as meeting, _started(run, processes, Path(meeting)) as helpers:
        try:
            _join(0, processes, Path(meeting))
            yield
        except RuntimeError as error:
            # A connection that broke is known before the process at its other end is gone.
            if wait([helper.sentinel for helper in helpers], _LOOK_S):
                raise CannotTrain(_ENDED) from error
            raise
        finally:
            if distributed.is_initialized():
                distributed.destroy_process_group()


@contextmanager
def _started(run: Run, processes: int, meeting: Path) -> Iterator[list[SpawnProcess]]:
    """Processes that are ready to learn; they are gone at the end. Raises CannotTrain when one ends before."""
    spawn = get_context("spawn")
    helpers, lines = [], []
    for rank in range(1, processes):
        line, other_end = spawn.Pipe(duplex=False)
        helper = spawn.Process(target=_help, args=(run.settings, run.folder, (rank, processes, meeting), other_end))
        helper.start()
        other_end.close()
        helpers.append(helper)
        lines.append(line)
    try:
        _hear_all(lines)
        yield helpers
    finally:
        for helper in helpers:
            helper.kill()
            helper.join()


def _hear_all(lines: Sequence[Connection]) -> None:
    try:
        for line in lines:
            line.recv()
    except EOFError as error:
        raise CannotTrain(_ENDED) from error


def _help(settings: TrainSettings, folder: Path, place: tuple[int, int, Path], ready: Connection) -> None:
    """What a further process does from its start to its end."""
    rank = place[0]
    leave_signals_to_the_trainer(rank)
    run = Run(settings, folder)
    ready.send(rank)
    _join(*place)
    run.help(rank)


def _join(rank: int, processes: int, meeting: Path) -> None:
    address = f"file://{meeting / 'addresses'}"
    distributed.init_process_group("gloo", address, _PATIENCE, world_size=processes, rank=rank)
