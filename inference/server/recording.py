"""The usual files of a song, and a quick mix first where the full one takes long."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import structlog

from inference.api import FileFormat, SongFile
from inference.music.score import Score
from inference.render.errors import RenderFailed
from inference.server import stages
from inference.server.order import Order
from inference.server.stages import Renderer

_WEIGHT = 0.2  # of the newest song in the running mean
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

Show = Callable[[list[SongFile]], object]


class MixPace:
    """How long the full mix takes, learnt from the ones that were made.

    Args:
        rate: seconds of work for a second of music; the first one is a guess for a busy core.
    """

    def __init__(self, rate: float = 0.05) -> None:
        self._rate = rate

    def took(self, seconds: float, music_s: float) -> None:
        self._rate += _WEIGHT * (seconds / max(1.0, music_s) - self._rate)

    def estimate_s(self, music_s: float) -> float:
        return self._rate * music_s


class Recorder:
    """Renders songs one by one or side by side, as many as the renderer has workers.

    Args:
        renderer: makes the files.
        preview_after_s: a song that wants it is heard as a quick mix if its full one takes longer than this.
        pace: foresees how long that is.
    """

    def __init__(self, renderer: Renderer, preview_after_s: float, pace: MixPace | None = None) -> None:
        self._renderer = renderer
        self._after_s = preview_after_s
        self._pace = pace or MixPace()

    async def render(self, order: Order, score: Score, folder: Path, show: Show) -> list[SongFile]:
        """The usual files but the MIDI one; `show` is given the quick ones while these are made, if at all, and none
        when they are gone.

        Raises:
            StageFailed: with the renderer's own code and sentence.
        """
        if not order.preview or FileFormat.MP3 not in order.formats:
            return await self._render_fully(order, score, folder)
        quick: list[SongFile] = []

        async def preview() -> None:
            quick.extend(await self._render_quickly(order, score, folder))
            if quick:
                show(list(quick))

        try:
            if self._pace.estimate_s(score.duration_s) > self._after_s:
                await preview()
                return await self._render_fully(order, score, folder)
            return await self._render_unless_late(order, score, folder, preview)
        finally:
            if quick:
                show([])
                await asyncio.to_thread(_remove, folder, quick)

    async def _render_unless_late(
        self, order: Order, score: Score, folder: Path, preview: Callable[[], Coroutine[None, None, None]]
    ) -> list[SongFile]:
        """The mix that was thought to be done in time; when it is not, a quick one is made beside it."""

        async def preview_when_late() -> None:
            await asyncio.sleep(self._after_s)
            await preview()

        try:
            async with asyncio.TaskGroup() as tasks:
                late = tasks.create_task(preview_when_late())
                files = await self._render_fully(order, score, folder)
                late.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return files

    async def _render_fully(self, order: Order, score: Score, folder: Path) -> list[SongFile]:
        began = asyncio.get_running_loop().time()
        files = await stages.render(self._renderer, order, score, folder)
        self._pace.took(asyncio.get_running_loop().time() - began, score.duration_s)
        return files

    async def _render_quickly(self, order: Order, score: Score, folder: Path) -> list[SongFile]:
        """Nothing where it fails: the song itself may still succeed, and says better what is wrong if not."""
        try:
            files = await stages.render_quickly(self._renderer, order, score, folder)
        except RenderFailed as error:
            log.warning("no quick mix", request_id=order.id, reason=str(error))
            return []
        log.info("quick mix made", files=[file.name for file in files])
        return files


def _remove(folder: Path, files: Sequence[SongFile]) -> None:
    for file in files:
        (folder / file.name).unlink(missing_ok=True)
