"""One render process: takes jobs, and can be told something while it works.

Jobs and results go through pipes. The locks of `multiprocessing`, on which `concurrent.futures.ProcessPoolExecutor` is
built, need a /dev/shm that can be written to, and some containers have none.
"""

import multiprocessing
import pickle
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from inference.render import worker

P = ParamSpec("P")
T = TypeVar("T")


class Elsewhere(Exception):
    """Cause of an error that was raised in a render process; `str(error)` is its traceback there."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    future: "Future[Any]"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a job returned, or what it raised and where."""

    result: Any = None
    error: Exception | None = None
    trace: str = ""


class RenderProcess:
    """A process that takes one job after the other."""

    def __init__(self) -> None:
        """Starts it. Raises OSError: the machine has no process left."""
        context = multiprocessing.get_context("spawn")  # a fork would copy the service's threads' locks
        inbox, self._outbox = context.Pipe(duplex=False)
        self._line, other_end = context.Pipe()
        self._process = context.Process(target=_take_jobs, args=(other_end, inbox), daemon=True)
        self._process.start()
        for theirs in (inbox, other_end):  # only while nobody else holds them is the end of the process noticed
            theirs.close()
        self._has_hung_up = False  # a moment before it is seen to be dead
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._clerk = threading.Thread(target=self._pass_on_jobs, daemon=True)
        self._clerk.start()

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Raises BrokenProcessPool: the process is dead."""
        if self._has_hung_up or not self._process.is_alive():
            raise BrokenProcessPool("the render process is dead")
        future: Future[T] = Future()
        self._jobs.put(_Job(partial(work, *args, **kwargs), future))
        return future

    def tell(self, news: worker.News) -> None:
        """Something its job may be waiting for; a dead process hears nothing."""
        with suppress(OSError):
            self._outbox.send(news)

    def end(self) -> None:
        """Waits for the job in work; what has not begun is cancelled."""
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                job.future.cancel()
        self.abandon()
        self._clerk.join()

    def abandon(self) -> None:
        """For a dead process."""
        self._jobs.put(None)

    def kill(self) -> None:
        """Ends it now; the job in work has failed then."""
        self._process.kill()

    def _pass_on_jobs(self) -> None:
        while self._pass_on():
            pass
        self._line.close()  # at which the process ends, if it has not yet
        self._outbox.close()
        self._process.join()

    def _pass_on(self) -> bool:
        """The next job, when there is one; False if there will be none."""
        job = self._jobs.get()
        if job is None:
            return False
        if not job.future.set_running_or_notify_cancel():
            return True
        try:
            self._line.send(job.work)
            outcome: _Outcome = self._line.recv()
        except (EOFError, OSError):
            self._has_hung_up = True
            job.future.set_exception(BrokenProcessPool("the render process has died"))
        except Exception as error:  # noqa: BLE001  # what cannot be pickled; whoever waits is told
            job.future.set_exception(error)
        else:
            _settle(job.future, outcome)
        return True


def _settle(future: "Future[Any]", outcome: _Outcome) -> None:
    if outcome.error is None:
        future.set_result(outcome.result)
    else:
        outcome.error.__cause__ = Elsewhere(outcome.trace)
        future.set_exception(outcome.error)


def _take_jobs(line: Connection, inbox: Connection) -> None:
    """What the process does for all its life: until the other end of `line` is closed."""
    worker.enter(inbox)
    with suppress(EOFError, ConnectionError):
        while True:
            line.send_bytes(_done(line.recv()))


def _done(work: Callable[[], Any]) -> bytes:
    try:
        return pickle.dumps(_Outcome(work()))
    except Exception as error:  # noqa: BLE001  # whatever it is, whoever asked is told
        return pickle.dumps(_Outcome(error=error, trace=traceback.format_exc()))
