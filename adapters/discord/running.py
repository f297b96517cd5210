"""Songs in the making, so that a shutdown ends them before the connection they need."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Running:
    """The tasks in which the library runs our handlers; it forgets them itself when it closes."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    @contextmanager
    def track(self) -> Iterator[None]:
        """Counts the current task for as long as the body runs."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("track() needs a running task")
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def stop(self) -> None:
        """Cancels every task and waits for its end."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
