"""Parts of a song in a block of shared memory: they go to another process without being copied through a pipe."""

import os
import sys
from collections.abc import Iterable, Iterator
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from inference.render.block import Lent
from inference.render.errors import MemoryShort, RenderFailed
from inference.render.signal import Audio

_SHM = "/dev/shm"  # noqa: S108  # where Linux keeps shared memory


def put_parts(name: str, parts: Iterable[tuple[int, Audio]]) -> tuple[Lent, ...]:
    """Copies (track, sound) one after the other into the block `name`.

    Raises:
        RenderFailed: they do not fit, or, as MemoryShort, the machine has not that much shared memory.
        OSError: there is no such block.
    """
    memory = SharedMemory(name)
    try:
        lent: list[Lent] = []
        start = 0
        for track, audio in parts:
            _reserve(memory, start, audio.nbytes)
            rows, samples = audio.shape
            lent.append(Lent(track, rows, samples, start))
            _view(memory, lent[-1])[:] = audio
            start += audio.nbytes
        return tuple(lent)
    finally:
        memory.close()


def take_parts(name: str, lent: Iterable[Lent]) -> Iterator[tuple[int, Audio]]:
    """(track, sound) of the parts in the block `name`, each a copy: memory that is looked at cannot be closed.

    Raises:
        OSError: there is no such block.
    """
    memory = SharedMemory(name)
    try:
        for place in lent:
            yield place.track, _view(memory, place).copy()
    finally:
        memory.close()


def _view(memory: SharedMemory, place: Lent) -> Audio:
    return np.ndarray((place.rows, place.samples), np.float32, memory.buf, place.start)


def _reserve(memory: SharedMemory, start: int, size: int) -> None:
    """Takes the memory now: to run out of it while writing ends the process. Containers often have 64 MB."""
    if start + size > memory.size:
        raise RenderFailed("the parts are larger than the memory that was shared for them")
    if sys.platform != "linux":
        return
    file = os.open(f"{_SHM}/{memory.name}", os.O_RDWR)
    try:
        os.posix_fallocate(file, start, size)
    except OSError as error:
        raise MemoryShort(f"there is not enough shared memory ({error.strerror})") from error
    finally:
        os.close(file)
