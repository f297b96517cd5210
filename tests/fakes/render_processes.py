"""What render processes may do instead of their work. They import it by name, so it lies here."""

import os
import sys
import time
from typing import NoReturn

from inference.render import worker
from inference.render.errors import MemoryShort
from inference.render.sounds import DEFAULT_SOUNDS
from tests.fakes.render_jobs import metal_job
from tests.fakes.scores import single_note_score


def die(*_: object) -> NoReturn:
    """As a fault in native code would."""
    os._exit(9)


def refuse(*_: object) -> NoReturn:
    raise OSError("no shared memory")


def run_short(*_: object) -> NoReturn:
    """As with the 64 MB of shared memory that a container has."""
    raise MemoryShort("there is not enough shared memory")


def wait_under_a_limit(limit_s: float, seconds: float) -> str:
    """As on a machine on which others have the processor."""
    with worker._limits(metal_job(single_note_score()), worker.Setup(None, DEFAULT_SOUNDS, limit_s)):
        time.sleep(seconds)
    return "done"


def work_under_a_limit(limit_s: float) -> NoReturn:
    """For ever, if it is let."""
    with worker._limits(metal_job(single_note_score()), worker.Setup(None, DEFAULT_SOUNDS, limit_s)):
        while True:
            pass


def loaded_packages() -> frozenset[str]:
    """Names them: the top-level packages that this process has imported."""
    return frozenset(name.partition(".")[0] for name in sys.modules)
