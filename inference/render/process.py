"""One render process: takes jobs, and can be told something while it works."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar

from inference.render import worker

P = ParamSpec("P")
T = TypeVar("T")


class RenderProcess:
    """A process that starts with its first job and takes one job after the other."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the service's threads' locks
        # The reading end stays open here too: the process that has the other one may start at any time.
        self._inbox, self._outbox = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=worker.enter, initargs=(self._inbox,))

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Raises BrokenProcessPool: the process is dead."""
        return self._executor.submit(work, *args, **kwargs)

    def tell(self, news: worker.News) -> None:
        """Something its job may be waiting for; a dead process hears nothing."""
        with suppress(OSError):
            self._outbox.send(news)

    def end(self) -> None:
        """Waits for the job in work; what has not begun is cancelled."""
        self._executor.shutdown(cancel_futures=True)
        self._close_pipe()

    def abandon(self) -> None:
        """For a dead process."""
        self._executor.shutdown(wait=False)
        self._close_pipe()

    def system_processes(self) -> list[BaseProcess]:
        """The process, if it has started."""
        # Before Python 3.14 an executor has no public way to end a worker that does not listen.
        return list((self._executor._processes or {}).values())

    def _close_pipe(self) -> None:
        self._outbox.close()
        self._inbox.close()
