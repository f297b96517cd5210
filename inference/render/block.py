"""Memory for the parts of a song that go from one process to another, and where they lie in it."""

from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory

from inference.api import FileFormat
from inference.render.job import RenderJob

MOST_BYTES = 512 * 2**20
_BYTES_A_SECOND = 48_000 * 2 * 4  # of a part: both sides, float32
_RINGS_S = 10.0


@dataclass(frozen=True, slots=True)
class Lent:
    """Where one part lies in a block: shape (rows, samples), from byte `start` on. `track` counts from 0."""

    track: int
    rows: int
    samples: int
    start: int


class Block:
    """Shared memory of `size` bytes for two processes, which reach it by `name` until both have let it go.

    Only what is written takes memory. If the process that made it is killed, the resource tracker of multiprocessing
    gives it back.
    """

    def __init__(self, size: int) -> None:
        """Raises OSError: the system has none."""
        self._memory = SharedMemory(create=True, size=size)
        self._users = 2
        self.name = self._memory.name
        self.size = size

    def let_go(self) -> None:
        """One of the two does not use it any more; after the other the name is gone."""
        self._users -= 1
        if self._users == 0:
            self._memory.close()
            self._memory.unlink()


def block_bytes(job: RenderJob) -> int | None:
    """What the parts of a song may need; None where there is nothing to share, or too much."""
    players = sum(bool(track.notes) for track in job.score.tracks)
    size = int(players * (job.score.duration_s + _RINGS_S) * _BYTES_A_SECOND)
    return size if FileFormat.MP3 in job.formats and players > 1 and size <= MOST_BYTES else None
