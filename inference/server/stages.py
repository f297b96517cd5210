"""What happens to one song: composing, writing the MIDI file, rendering."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import structlog

from inference.api import Comparison, ErrorCode, FileFormat, LeftOut, SongFile
from inference.engine.contract import BarWritten, Cancelled, ComposeJob, Engine, EngineEvent, Failed, Finished, Started
from inference.midi import write_midi
from inference.music.recipe import RECIPE_MARK, Recipe
from inference.music.report import compare
from inference.music.score import Score
from inference.originality.review import Verdict
from inference.render.errors import RenderFailed, WorkerDied
from inference.render.job import RenderedFile, RenderJob, Unmade
from inference.server.order import Order

MIDI_TYPE = "audio/midi"
_MAX_REASON = 200
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


class Rendering(Protocol):
    """What a renderer made."""

    @property
    def files(self) -> Sequence[RenderedFile]: ...

    @property
    def left_out(self) -> Sequence[Unmade]: ...


class Renderer(Protocol):
    """Turns notes into sound and pictures (inference.render.pool.RenderPool)."""

    async def render(self, job: RenderJob, folder: Path) -> Rendering:
        """Writes the files of `job.formats` and `job.extras` into `folder`. Raises RenderFailed; may be cancelled."""


class StageFailed(Exception):
    """A stage could not be finished; `str(error)` is one sentence."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


async def compose(engine: Engine, job: ComposeJob, on_bar: Callable[[int], None]) -> Finished:
    """Has the engine write a song. `on_bar` gets the number of bars done, 0 when the song takes its slot.

    Cancelling this call cancels the song in the engine.

    Raises:
        StageFailed: the engine gave up.
    """
    inbox: asyncio.Queue[EngineEvent] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen(event: EngineEvent) -> None:
        loop.call_soon_threadsafe(inbox.put_nowait, event)

    engine.submit(job, listen)
    try:
        while True:
            match await inbox.get():
                case Started():
                    on_bar(0)
                case BarWritten(bars_done=bars_done):
                    on_bar(bars_done)
                case Finished() as finished:
                    return finished
                case Failed(reason=reason):
                    raise StageFailed(ErrorCode.COMPOSE_FAILED, f"the composer gave up: {_one_line(reason)}")
                case Cancelled():
                    raise StageFailed(ErrorCode.COMPOSE_FAILED, "the composer stopped before the song was finished")
    except asyncio.CancelledError:
        engine.cancel(job.id)
        raise


def save_midi(order: Order, score: Score, folder: Path) -> Path:
    """Writes the MIDI file with the recipe in it; blocks. Raises OSError."""
    path = folder / f"{order.stem}.{FileFormat.MIDI}"
    path.write_bytes(write_midi(with_recipe(score, order.recipe), order.spec.key))
    return path


def with_recipe(score: Score, recipe: Recipe) -> Score:
    """The score with `recipe` as its first text, whatever texts it had of its own."""
    return replace(score, meta=(RECIPE_MARK + recipe.to_json(), *score.meta))


def report(order: Order, score: Score, verdict: Verdict | None) -> list[Comparison]:
    """Asked beside measured, and how close it came to a training song; takes a few milliseconds of pure Python."""
    lines = [
        Comparison(name=line.name, asked=line.asked, measured=line.measured) for line in compare(order.recipe, score)
    ]
    if verdict is not None:
        found = f"{verdict.longest_run} notes" if verdict.longest_run else "nothing"
        lines.append(Comparison(name="known", asked=None, measured=f"longest run in training: {found}"))
    return lines


def check_size(files: Sequence[SongFile], limit_bytes: int) -> None:
    """Raises StageFailed when a song's files are too much together."""
    size_bytes = sum(file.size_bytes for file in files)
    if size_bytes > limit_bytes:
        found, most = (f"{number / 2**20:.0f} MiB" for number in (size_bytes, limit_bytes))
        raise StageFailed(ErrorCode.TOO_LARGE, f"the files of this song have {found}, and I keep {most} at most")


async def render(renderer: Renderer, order: Order, score: Score, folder: Path) -> list[SongFile]:
    """Makes the usual files but the MIDI one.

    Raises:
        StageFailed: with the renderer's own code and sentence.
    """
    try:
        job = replace(job_of(order, score), extras=())
        rendered = await _rendered(renderer, job, folder) if job.formats else None
    except RenderFailed as error:
        raise StageFailed(error.code, str(error)) from error
    return [] if rendered is None else [listed(order.id, file) for file in rendered.files]


async def render_quickly(renderer: Renderer, order: Order, score: Score, folder: Path) -> list[SongFile]:
    """Makes the same files under names of their own, the recording as a quick mix. Raises RenderFailed."""
    job = replace(job_of(order, score), extras=(), stem=f"{order.stem}-quick", is_quick=True)
    return [listed(order.id, file) for file in (await renderer.render(job, folder)).files]


async def render_extras(
    renderer: Renderer, job: RenderJob, id: str, folder: Path
) -> tuple[list[SongFile], list[LeftOut]]:
    """Makes `job.extras` of the song `id`; what cannot be made is left out, and the song is none the worse for it."""
    if not job.extras:
        return [], []
    try:
        rendered = await _rendered(renderer, replace(job, formats=()), folder)
    except RenderFailed as error:
        return [], [LeftOut(file=extra, message=str(error)) for extra in job.extras]
    left_out = [LeftOut(file=one.extra, message=one.reason) for one in rendered.left_out]
    return [listed(id, file) for file in rendered.files], left_out


async def _rendered(renderer: Renderer, job: RenderJob, folder: Path) -> Rendering:
    """Whatever killed a worker need not have been this song, so it has a second try. Raises RenderFailed."""
    try:
        return await renderer.render(job, folder)
    except WorkerDied as error:
        log.warning("a render worker died, the song is rendered once more", stem=job.stem, reason=str(error))
        return await renderer.render(job, folder)


def job_of(order: Order, score: Score) -> RenderJob:
    """What the renderer is told. Raises RenderFailed."""
    return RenderJob(
        score=score,
        spec=order.spec,
        title=order.title,
        genre_title=order.genre_title,
        colour=order.genre.colour,
        recipe_json=order.recipe.to_json(),
        formats=tuple(wanted for wanted in order.formats if wanted is not FileFormat.MIDI),
        stem=order.stem,
        extras=order.files,
        max_file_bytes=order.max_file_bytes,
    )


def listed(id: str, file: RenderedFile) -> SongFile:
    """How a file of the song `id` appears in its status."""
    name = file.path.name
    return SongFile(
        name=name,
        kind=file.extra or name.rpartition(".")[2],
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        url=f"/v1/songs/{id}/files/{name}",
    )


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:_MAX_REASON] or "it did not say why"
