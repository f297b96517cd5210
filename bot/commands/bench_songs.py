"""Times songs over HTTP, and keeps a service busy."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

from adapters.composer.connection import DROPPED, Connection, Patience
from bot.commands.bench_metrics import families
from bot.commands.trouble import CommandTrouble
from inference.api import FileFormat, SongBody, SongState, SongStatus
from inference.music.units import MAX_BARS

MIDI_ONLY = [FileFormat.MIDI]


@dataclass(frozen=True, slots=True)
class Delivered:
    """Seconds from the question until the MIDI file was here, and until all files were."""

    midi_s: float
    all_s: float


async def play(service: Connection, body: SongBody, composing: asyncio.Event | None = None) -> Delivered:
    """Asks for a song and fetches each file as soon as it is listed; cancelled, it cancels the song.

    Args:
        service: where.
        body: what, under an id of its own.
        composing: set as soon as the song has a slot.

    Raises:
        CommandTrouble: the song was not made.
        LnhError: the service refused it or is gone.
    """
    body = body.model_copy(update={"request_id": uuid.uuid4().hex})
    began = time.perf_counter()
    arrived: dict[str, float] = {}
    status = await service.post(body)
    try:
        async with aclosing(service.events(status.id)) as news:
            async for status in news:
                if composing is not None and status.state is not SongState.QUEUED:
                    composing.set()
                for file in status.files:
                    if file.name not in arrived:
                        await service.file(file.url)
                        arrived[file.name] = time.perf_counter() - began
    except asyncio.CancelledError:
        with suppress(*DROPPED):
            await service.delete(status.id)
        raise
    return _delivered(status, arrived)


async def play_together(service: Connection, bodies: Sequence[SongBody]) -> Delivered:
    """Asks for all at once; the latest of each. Raises as `play`, in a group."""
    async with asyncio.TaskGroup() as tasks:
        songs = [tasks.create_task(play(service, body)) for body in bodies]
    ends = [song.result() for song in songs]
    return Delivered(max(end.midi_s for end in ends), max(end.all_s for end in ends))


@asynccontextmanager
async def open_service(url: str) -> AsyncIterator[Connection]:
    """The service at `url`."""
    service = Connection(url, Patience())
    try:
        yield service
    finally:
        await service.close()


@asynccontextmanager
async def kept_busy(url: str, songs: int, genre: str) -> AsyncIterator[None]:
    """For the length of the body, `songs` long songs are always being written; they end with it."""
    composing = [asyncio.Event() for _ in range(songs)]

    async def play_on(service: Connection, client: str, begun: asyncio.Event) -> None:
        body = SongBody(genre=genre, bars=MAX_BARS, formats=MIDI_ONLY, client=client)
        while True:
            await play(service, body, begun)

    async with open_service(url) as service, asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(play_on(service, f"bench-{n}", event)) for n, event in enumerate(composing)]
        for event in composing:
            await event.wait()
        try:
            yield
        finally:
            for task in playing:
                task.cancel()


class StepCounter:
    """Counts the service's model steps within its block; `per_s` is known after it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.per_s = 0.0

    async def __aenter__(self) -> Self:
        self._began, self._before = time.perf_counter(), await self._steps()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.per_s = (await self._steps() - self._before) / (time.perf_counter() - self._began)

    async def _steps(self) -> float:
        return float((await families(self._url))["lnh_engine_steps"].samples[0].value)


def _delivered(status: SongStatus, arrived: dict[str, float]) -> Delivered:
    if status.state is not SongState.DONE:
        reason = status.error.message if status.error else f"it is {status.state}"
        raise CommandTrouble(f"a song was not made: {reason}")
    midi_s = next(seconds for name, seconds in arrived.items() if name.endswith(f".{FileFormat.MIDI}"))
    return Delivered(midi_s, max(arrived.values()))
