"""Takes one song from its place in line to its last file."""

import asyncio
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from inference.api import Comparison, ErrorCode, FileFormat, SongFile, SongState
from inference.critic.takes import Judge, takes_of
from inference.engine.contract import ComposeJob, Engine, Finished
from inference.latent.contract import Steer, no_steer
from inference.latent.course import Course
from inference.music.genre import GenreCatalogue
from inference.music.recipe import Recipe
from inference.music.score import Score
from inference.render.job import RenderedFile
from inference.server import stages
from inference.server.feed import StatusFeed
from inference.server.limits import ServerLimits
from inference.server.line import Ticket, WaitingLine
from inference.server.metrics import Metrics
from inference.server.order import Order
from inference.server.original import Compose, Review, Written, compose_original
from inference.server.pace import Pace
from inference.server.recording import Recorder
from inference.server.register import Entry, Register
from inference.server.stages import Renderer, StageFailed
from inference.server.takes import Heard, Room, Takes

MAX_TRIES = 4  # of one song by services that died while they composed it
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Studio:
    """Those who make the music, who listens for copies and who chooses among takes; nobody does when it is None.

    `steer` says where a song lies in the embedding space.
    """

    engine: Engine
    renderer: Renderer
    catalogue: GenreCatalogue
    review: Review | None = None
    judge: Judge | None = None
    steer: Steer = no_steer


@dataclass(frozen=True, slots=True)
class Work:
    """A song in the making."""

    order: Order
    entry: Entry
    ticket: Ticket
    accepted_s: float = field(default_factory=time.monotonic)

    @property
    def feed(self) -> StatusFeed:
        return self.entry.feed

    @property
    def left_s(self) -> float:
        """Seconds until its deadline, 0 when that is over."""
        return max(0.0, self.accepted_s + self.order.deadline_s - time.monotonic())


class Producer:
    """Leads a song through its stages and says in its feed how far it is."""

    def __init__(
        self, studio: Studio, register: Register, line: WaitingLine, metrics: Metrics, limits: ServerLimits
    ) -> None:
        self._studio = studio
        self._register = register
        self._line = line
        self._metrics = metrics
        self._limits = limits
        self._room = Room(limits.takes, lambda: line.unwritten)
        self._recorder = Recorder(studio.renderer, limits.preview_after_s)
        self.pace = Pace()

    def make_room(self) -> None:
        """A song has come to the line: others that can do with fewer takes give way."""
        self._room.somebody_came()

    async def make(self, work: Work) -> None:
        """Ends with the song done.

        Raises:
            StageFailed: a stage could not be finished.
            OSError: a file could not be written.
        """
        await work.ticket.turn.wait()
        if work.entry.tries >= MAX_TRIES:
            raise StageFailed(
                ErrorCode.COMPOSE_FAILED, f"the service broke {MAX_TRIES} times over this song, so I gave it up"
            )
        folder = await self._register.try_once_more(work.entry)
        written = await self._compose(work)
        score = written.finished.score
        if written.recipe != work.order.recipe:
            work = replace(work, order=replace(work.order, recipe=written.recipe))
            work.feed.publish(recipe=written.recipe.to_dict(), seed=written.recipe.sampling.seed)
        files, report = await asyncio.to_thread(_write_notes, work.order, written, folder)
        bars = work.order.bars
        if work.order.needs_rendering:
            await self._register.keep_to(work.entry)
            eta_s = round(self.pace.render_s, 1)
            work.feed.publish(state=SongState.RENDERING, bars_done=bars, files=files, report=report, eta_s=eta_s)
            self._left(work, SongState.COMPOSING)
            files = await self._render(work, score, folder, files)
            job = stages.job_of(work.order, score)
            more, left_out = await stages.render_extras(self._studio.renderer, job, work.order.id, folder)
            stages.check_size(files + more, self._limits.max_song_bytes)
            work.feed.publish(state=SongState.DONE, files=files + more, left_out=left_out)
            took_s = self._left(work, SongState.RENDERING)
            if not job.extras:  # the pace is that of usual songs
                self.pace.rendered(took_s)
        else:
            work.feed.publish(state=SongState.DONE, bars_done=bars, files=files, report=report)
            self._left(work, SongState.COMPOSING)

    def moved(self, order: Order, feed: StatusFeed, position: int) -> None:
        """The song has a new place in the line, 0 when it is next."""
        ahead = position + 1 if self._line.is_full else 0
        wait_s = self.pace.wait_s(ahead, self._line.slots)
        feed.publish(position=position, eta_s=self._eta_s(order, 0, wait_s))

    async def _compose(self, work: Work) -> Written:
        studio = self._studio

        async def compose(recipe: Recipe, take: int = 0, heard: Heard = lambda _: None) -> Finished:
            def on_bar(bars: int) -> None:
                heard(bars)
                self._bar_written(work, bars)

            course = await asyncio.to_thread(studio.steer, recipe.spec, recipe.sampling)
            finished = await stages.compose(studio.engine, _job(work, recipe, take, course), on_bar)
            self.pace.composed(work.order.bars, finished.seconds)
            return finished

        try:
            takes = Takes(compose, work.order.recipe, self._takes(work.order))
            with self._room.shared_by(takes) if work.order.is_flexible else nullcontext():
                recipe, first = await takes.best(studio.judge)
            return await compose_original(_starting_with(first, compose), studio.review, recipe, studio.catalogue)
        finally:
            self._line.free_slot(work.ticket)

    def _takes(self, order: Order) -> int:
        """How many to begin with."""
        most = self._room.share if order.is_flexible else self._limits.takes
        return order.takes or takes_of(order.spec.edit, most)

    def _bar_written(self, work: Work, bars_done: int) -> None:
        """A bar is done; when the engine had to start over, nothing is heard until it is beyond what it had."""
        if bars_done < work.feed.status.bars_done:
            return
        work.ticket.bars_left = work.order.bars - bars_done
        if bars_done == 1 and work.feed.status.bars_done == 0:
            self._metrics.first_bar_took(time.monotonic() - work.accepted_s)
        eta_s = self._eta_s(work.order, bars_done)
        if work.feed.state is SongState.QUEUED:
            work.feed.publish(state=SongState.COMPOSING, bars_done=bars_done, eta_s=eta_s)
            self._left(work, SongState.QUEUED)
        else:
            work.feed.publish(bars_done=bars_done, eta_s=eta_s)

    async def _render(self, work: Work, score: Score, folder: Path, files: list[SongFile]) -> list[SongFile]:
        """All files in the order they were asked for."""
        wanted = list(work.order.formats)

        def sort(made: list[SongFile]) -> list[SongFile]:
            return sorted(files + made, key=lambda file: wanted.index(FileFormat(file.kind)))

        def show(quick: list[SongFile]) -> None:
            work.feed.publish(preview=sort(quick) if quick else [])

        made = await self._recorder.render(work.order, score, folder, show)
        log.info("song rendered", files=[file.name for file in made])
        return sort(made)

    def _left(self, work: Work, stage: SongState) -> float:
        """Counts the seconds that a stage took."""
        seconds = work.feed.status.seconds.get(stage, 0.0)
        self._metrics.stage_took(stage, seconds)
        return seconds

    def _eta_s(self, order: Order, bars_done: int, wait_s: float = 0.0) -> float:
        render_s = self.pace.render_s if order.needs_rendering else 0.0
        return round(wait_s + self.pace.compose_s(order.bars - bars_done) + render_s, 1)


def _job(work: Work, recipe: Recipe, take: int, course: Course | None) -> ComposeJob:
    ticket = work.ticket
    return ComposeJob(
        id=f"{work.entry.key}.{take}" if take else work.entry.key,
        spec=recipe.spec,
        sampling=recipe.sampling,
        client=ticket.client,
        user=ticket.user,
        scheduled=ticket.scheduled,
        deadline_s=work.left_s,
        course=course,
    )


def _starting_with(first: Finished, compose: Compose) -> Compose:
    """Composes, but what is there already is the first song."""
    there = [first]

    async def compose_or_take(recipe: Recipe) -> Finished:
        return there.pop() if there else await compose(recipe)

    return compose_or_take


def _write_notes(order: Order, written: Written, folder: Path) -> tuple[list[SongFile], list[Comparison]]:
    """The MIDI file, if wanted, and the report; blocks."""
    files, score = [], written.finished.score
    if FileFormat.MIDI in order.formats:
        path = stages.save_midi(order, score, folder)
        files.append(stages.listed(order.id, RenderedFile(path, stages.MIDI_TYPE, path.stat().st_size)))
    return files, stages.report(order, score, written.verdict)
