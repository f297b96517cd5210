"""How far a song is: a bar on a terminal, one line a stage elsewhere."""

import re
import shutil
import textwrap
import time
from collections.abc import Callable
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from bot.domain.song import Progress, Stage
from bot.messages import progress_line

LOCALE = "en"
_COLUMNS = re.compile(r" *\S.*? {2,}|\s+")  # a first column, or the room under one


def wrapped(line: str, width: int | None = None) -> str:
    """The line, broken between words where the terminal is narrower; in a table the rest stays in its column."""
    columns = _COLUMNS.match(line)
    indent = " " * (columns.end() if columns else 0)
    width = width or shutil.get_terminal_size().columns
    if len(line) <= width or len(indent) > width // 2:
        return line
    broken = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(broken)


class ProgressView(Protocol):
    """Shows the progress of one song between `__enter__` and `__exit__`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, progress: Progress) -> None: ...

    def clear(self) -> None:
        """Leaves the screen to what is printed next."""


def progress_view(stream: TextIO, clock: Callable[[], float] = time.monotonic) -> ProgressView:
    """The view that suits the stream; `clock` counts the seconds it shows."""
    return _Bar(stream, clock) if stream.isatty() else _Lines(stream)


class _Bar:
    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        self._bar = RichProgress(*columns, console=Console(file=stream), transient=True, get_time=clock)
        self._bar.add_task("Tuning up", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        # Set here: `update` takes a total of None for “as before”, and stops the clock at the last bar.
        (task,) = self._bar.tasks
        task.description, task.completed = progress_line(progress, LOCALE), progress.bars_done
        # Rendering says nothing of how far it is: a pulsing bar.
        task.total = progress.bars if progress.stage is Stage.COMPOSING else None


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: tuple[Stage, int | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def clear(self) -> None: ...

    def show(self, progress: Progress) -> None:
        seen = (progress.stage, progress.position)
        if seen != self._seen:
            print(progress_line(progress, LOCALE), file=self._stream, flush=True)
            self._seen = seen
