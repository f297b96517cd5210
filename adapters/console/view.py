"""How far a song is: a bar on a terminal, one line a stage elsewhere."""

from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from bot.domain.song import Progress, Stage


class ProgressView(Protocol):
    """Shows the progress of one song between `__enter__` and `__exit__`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, progress: Progress) -> None: ...


def progress_view(stream: TextIO) -> ProgressView:
    """The view that suits the stream."""
    return _Bar(stream) if stream.isatty() else _Lines(stream)


class _Bar:
    def __init__(self, stream: TextIO) -> None:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        self._bar = RichProgress(*columns, console=Console(file=stream), transient=True)
        self._task: TaskID = self._bar.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        # Rendering says nothing of how far it is: a pulsing bar.
        total = progress.bars if progress.stage is Stage.COMPOSING else None
        self._bar.update(self._task, description=describe(progress), total=total, completed=progress.bars_done)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, progress: Progress) -> None:
        line = describe(progress) if progress.stage is Stage.QUEUED else progress.stage.value
        if line != self._shown:
            print(line, file=self._stream, flush=True)
            self._shown = line


def describe(progress: Progress) -> str:
    """`queued, 2 ahead, about 12 s`, `composing, 5 of 32 bars` or `rendering`."""
    words = [progress.stage.value]
    if progress.stage is Stage.QUEUED and progress.position:
        words.append(f"{progress.position} ahead")
    if progress.stage is Stage.COMPOSING and progress.bars:
        words.append(f"{progress.bars_done} of {progress.bars} bars")
    if progress.stage is Stage.QUEUED and progress.eta_s is not None:
        words.append(f"about {progress.eta_s:.0f} s")
    return ", ".join(words)
