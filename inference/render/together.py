"""Two processes play one song: each has a share of the parts, and the first mixes what both have played.

The song is the same bit for bit as one process alone makes it: parts are computed from their notes alone, and the desk
adds them in one order, share after share, wherever they come from.
"""

from collections.abc import Callable, Iterator

from inference.render.band import Band, Mix
from inference.render.block import Lent
from inference.render.job import RenderJob
from inference.render.performance import Performance
from inference.render.sharing import put_parts, take_parts
from inference.render.signal import Audio
from inference.render.studio import Care, Studio
from inference.render.synth import RATE

Record = Callable[[RenderJob, Studio], tuple[Audio, int]]
"""The master, shape (2, samples), and its sample rate. Raises RenderFailed."""
Wait = Callable[[], tuple[Lent, ...] | None]
"""Waits until the other process has played; None if it did not."""


def record_alone(job: RenderJob, studio: Studio) -> tuple[Audio, int]:
    """The whole song in this process."""
    return studio.record(job.score, job.spec.roster or (), job.spec.main_genre, _care(job))


def record_helped(block: str, wait: Wait) -> Record:
    """The same, while another process plays a share into `block`; if that fails, it is played here."""

    def record(job: RenderJob, studio: Studio) -> tuple[Audio, int]:
        band = _band(job, studio)
        mix, (own, others) = Mix(band), band.shares
        for one, audio in studio.play(band, own):
            mix.add(one, audio)
        lent = wait()
        theirs = studio.play(band, others) if lent is None else _taken(band, block, lent)
        for one, audio in theirs:
            mix.add(one, audio)
        return mix.mastered(), RATE

    return record


def lend_share(job: RenderJob, studio: Studio, block: str) -> tuple[Lent, ...]:
    """The other process's part of it. Raises RenderFailed, OSError."""
    band = _band(job, studio)
    _, others = band.shares
    return put_parts(block, ((one.part.track, audio) for one, audio in studio.play(band, others)))


def _taken(band: Band, block: str, lent: tuple[Lent, ...]) -> Iterator[tuple[Performance, Audio]]:
    seats = {one.part.track: one for one in band.performances}
    return ((seats[track], audio) for track, audio in take_parts(block, lent))


def _band(job: RenderJob, studio: Studio) -> Band:
    return studio.band(job.score, job.spec.roster or (), job.spec.main_genre, _care(job))


def _care(job: RenderJob) -> Care:
    return Care.QUICK if job.is_quick else Care.FULL
