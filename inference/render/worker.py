"""What runs inside a render process. Importing this module is cheap: the pool does so in the service's process too."""

import ctypes
import faulthandler
import os
import signal
import sys
import threading
from multiprocessing import parent_process
from pathlib import Path

from inference.render.errors import ScoreTooLarge
from inference.render.job import RenderedFile, RenderJob, Unmade

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # mallopt(3)
_LONG_S = 300.0
MEMORY_BYTES = 4 * 2**30


def enter() -> None:
    """First thing in a fresh process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the service, which closes its pool
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    keep_memory()
    one_thread()
    _cap_memory()


def warm_up(soundfont: Path | None, sounds: Path) -> int:
    """Loads what every job needs, so that the first is as fast as the others; returns the process's id.

    Raises:
        RenderFailed: SoundFont or sounds cannot be used.
    """
    from inference.render import pipeline  # noqa: F401  # its packages are loaded before a job's time begins
    from inference.render.studio import Studio  # numpy and scipy: only a worker needs them

    Studio.open(soundfont, sounds).warm_up()
    return os.getpid()


def work(
    job: RenderJob, folder: Path, limit_s: float, soundfont: Path | None, sounds: Path
) -> list[RenderedFile | Unmade]:
    """Renders a job; after `limit_s` seconds the process ends itself, whatever native code it is in."""
    from inference.render.pipeline import render

    with open(os.devnull, "w") as nowhere:
        # A timer in C, which needs no interpreter lock: the synth holds that for seconds on end.
        faulthandler.dump_traceback_later(limit_s, exit=True, file=nowhere)
        try:
            usual = render(job, folder, soundfont=soundfont, sounds=sounds) if job.formats else []
            return [*usual, *_extras(job, folder, soundfont, sounds)]
        except MemoryError as error:
            raise ScoreTooLarge("this song needs more memory than I may use") from error
        finally:
            _give_back(job)
            faulthandler.cancel_dump_traceback_later()


def _extras(job: RenderJob, folder: Path, soundfont: Path | None, sounds: Path) -> list[RenderedFile | Unmade]:
    if not job.extras:
        return []
    from inference.render.extras import render_extras  # brings packages that few songs need

    return render_extras(job, folder, soundfont=soundfont, sounds=sounds)


def loaded_packages() -> frozenset[str]:
    """The top-level packages this process has imported."""
    return frozenset(name.partition(".")[0] for name in sys.modules)


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
