"""Songs asked for over HTTP, with a stopwatch; and a service that is kept busy."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from adapters.composer.connection import DROPPED, Connection
from bot.commands.trouble import CommandTrouble
from inference.api import FileFormat, SongBody, SongState, SongStatus
from inference.music.units import MAX_BARS

MIDI_ONLY = [FileFormat.MIDI]


@dataclass(frozen=True, slots=True)
class Delivered:
    """Seconds from the question until the files were here: the MIDI file, and all of them; and the model's seconds."""

    midi_s: float
    all_s: float
    composing_s: float


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
    return Delivered(*(max(getattr(end, name) for end in ends) for name in Delivered.__slots__))


@asynccontextmanager
async def kept_busy(service: Connection, songs: int, genre: str) -> AsyncIterator[None]:
    """For the length of the body, `songs` long songs are always being written; they end with it."""
    started = [asyncio.Event() for _ in range(songs)]

    async def play_on(composing: asyncio.Event, client: str) -> None:
        body = SongBody(genre=genre, bars=MAX_BARS, formats=MIDI_ONLY, client=client)
        while True:
            await play(service, body, composing)

    async with asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(play_on(event, f"bench-{n}")) for n, event in enumerate(started)]
        for event in started:
            await event.wait()
        try:
            yield
        finally:
            for task in playing:
                task.cancel()


def _delivered(status: SongStatus, arrived: dict[str, float]) -> Delivered:
    if status.state is not SongState.DONE:
        reason = status.error.message if status.error else f"it is {status.state}"
        raise CommandTrouble(f"a song was not made: {reason}")
    midi_s = next(seconds for name, seconds in arrived.items() if name.endswith(f".{FileFormat.MIDI}"))
    return Delivered(midi_s, max(arrived.values()), status.seconds.get(SongState.COMPOSING, 0.0))
