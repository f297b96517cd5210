"""What runs inside a render process. Importing this module is cheap: the pool does so in the service's process too."""

import ctypes
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path

from inference.render.block import Lent
from inference.render.errors import ScoreTooLarge
from inference.render.job import RenderedFile, RenderJob, Unmade

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # mallopt(3)
_LONG_S = 300.0
# Where a process has no timer for its own processor time, the time on the wall must do.
WAITS = 10 if hasattr(signal, "setitimer") else 1
MEMORY_BYTES = 4 * 2**30
_inboxes: list[Connection] = []


@dataclass(frozen=True, slots=True)
class Setup:
    """What all jobs have in common: an sf2 file or None for the band's own, the genres' sounds, and a job's limit.

    `limit_s` are seconds of processor time, however long that takes on a machine that has others to serve as well;
    a job that has taken `WAITS` times as long hangs.
    """

    soundfont: Path | None
    sounds: Path
    limit_s: float


@dataclass(frozen=True, slots=True)
class News:
    """What became of the share of a song that another process plays into `block`; None where nothing did."""

    block: str
    lent: tuple[Lent, ...] | None


def enter(inbox: Connection) -> None:
    """First thing in a fresh process; `inbox` is where it gets News from."""
    _inboxes.append(inbox)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the service, which closes its pool
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    keep_memory()
    one_thread()
    _cap_memory()


def warm_up(setup: Setup) -> int:
    """Loads what every job needs, so that the first is as fast as the others; returns the process's id.

    Raises:
        RenderFailed: SoundFont or sounds cannot be used.
    """
    from inference.render import pipeline  # noqa: F401  # its packages are loaded before a job's time begins
    from inference.render.studio import Studio  # numpy and scipy: only a worker needs them

    Studio.open(setup.soundfont, setup.sounds).warm_up()
    return os.getpid()


def work(job: RenderJob, folder: Path, setup: Setup, block: str | None = None) -> list[RenderedFile | Unmade]:
    """Renders a job; over the limit of its setup the process ends, whatever native code it is in.

    `block` is where another process plays a share of the song; News of it will be in the inbox.
    """
    from inference.render.pipeline import render
    from inference.render.together import record_alone, record_helped

    with _limits(job, setup):
        record = record_helped(block, lambda: _news_of(block)) if block else record_alone
        usual = render(job, folder, setup.soundfont, setup.sounds, record) if job.formats else []
        return [*usual, *_extras(job, folder, setup)]


def lend(job: RenderJob, setup: Setup, block: str) -> tuple[Lent, ...]:
    """Plays the share of a song that `work` with this block does not play itself. Raises RenderFailed, OSError."""
    from inference.render.studio import Studio
    from inference.render.together import lend_share

    with _limits(job, setup):
        return lend_share(job, Studio.open(setup.soundfont, setup.sounds), block)


@contextmanager
def _limits(job: RenderJob, setup: Setup) -> Iterator[None]:
    with open(os.devnull, "w") as nowhere:
        # Neither timer needs the interpreter lock, which the synth holds for seconds on end.
        faulthandler.dump_traceback_later(WAITS * setup.limit_s, exit=True, file=nowhere)
        _end_after(setup.limit_s)
        try:
            yield
        except MemoryError as error:
            raise ScoreTooLarge("this song needs more memory than I may use") from error
        finally:
            _give_back(job)
            _end_after(0.0)
            faulthandler.cancel_dump_traceback_later()


def _end_after(processor_s: float) -> None:
    """Ends this process when it has used so much more processor time; 0 lets it be."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, processor_s)  # the signal ends a process that does not handle it


def _news_of(block: str) -> tuple[Lent, ...] | None:
    """Waits for it; the service sends it for certain, and what is older nobody waited for."""
    while True:
        news = _inboxes[-1].recv()
        if news.block == block:
            return news.lent  # type: ignore[no-any-return]


def _extras(job: RenderJob, folder: Path, setup: Setup) -> list[RenderedFile | Unmade]:
    if not job.extras:
        return []
    from inference.render.extras import render_extras  # brings packages that few songs need

    return render_extras(job, folder, soundfont=setup.soundfont, sounds=setup.sounds)


def keep_memory() -> None:
    """Lets glibc keep the big arrays it frees: giving them back and asking again costs a quarter of a render."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def one_thread() -> None:
    """Before numpy is imported: matrix products of some microseconds lose by a second thread, which waits in a loop."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _give_back(job: RenderJob) -> None:
    """After an uncommonly long song, the memory that the usual ones do not need."""
    libc = _glibc()
    if libc is not None and job.score.duration_s > _LONG_S:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def _cap_memory() -> None:
    """A song that would eat the machine's memory ends with a sentence, or its worker ends; the service goes on."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def _leave_with_parent() -> None:
    """Ends the process when the service is gone, however it went; an idle worker would wait for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
