"""A renderer that writes a few bytes where sound and pictures would be."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from inference.api import ExtraFile, FileFormat
from inference.render.errors import WorkerDied
from inference.render.job import RenderedFile, RenderJob, Unmade

MEDIA_TYPES = {FileFormat.MP3: "audio/mpeg", FileFormat.CARD: "image/png"}
BYTES = {FileFormat.MP3: b"ID3 not much of a song", FileFormat.CARD: b"\x89PNG not much of a picture"}


@dataclass(frozen=True)
class FakeRendering:
    files: list[RenderedFile]
    left_out: list[Unmade] = field(default_factory=list)


class FakeRenderer:
    """Renders at once, or, when `held`, once `release` is called. `fail_with` is raised instead, if set.

    Its worker dies over the next `deaths` jobs.
    Extras are a few bytes too, except for those in `cannot_make`. Quick mixes wait for nobody; they fail with
    `fail_quick_with` alone.
    """

    def __init__(self, *, held: bool = False) -> None:
        self.jobs: list[RenderJob] = []
        self.cancelled: list[RenderJob] = []
        self.fail_with: Exception | None = None
        self.deaths = 0
        self.fail_quick_with: Exception | None = None
        self.cannot_make: dict[ExtraFile, str] = {}
        self._open = asyncio.Event()
        if not held:
            self._open.set()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def render(self, job: RenderJob, folder: Path) -> FakeRendering:
        self.jobs.append(job)
        try:
            if not job.is_quick:
                await self._open.wait()
        except asyncio.CancelledError:
            self.cancelled.append(job)
            raise
        if self.deaths and not job.is_quick:
            self.deaths -= 1
            raise WorkerDied("the render worker died on this song; please try again")
        failure = self.fail_quick_with if job.is_quick else self.fail_with
        if failure is not None:
            raise failure
        usual = [self._write(folder / f"{job.stem}.{wanted}", wanted) for wanted in job.formats]
        extras = [self._extra(folder / f"{job.stem}.{one}", one) for one in job.extras if one not in self.cannot_make]
        left_out = [Unmade(one, self.cannot_make[one]) for one in job.extras if one in self.cannot_make]
        return FakeRendering(usual + extras, left_out)

    def _write(self, path: Path, wanted: FileFormat) -> RenderedFile:
        path.write_bytes(BYTES[wanted])
        return RenderedFile(path, MEDIA_TYPES[wanted], len(BYTES[wanted]))

    def _extra(self, path: Path, extra: ExtraFile) -> RenderedFile:
        path.write_bytes(extra.encode())
        return RenderedFile(path, "application/octet-stream", len(extra), extra)
