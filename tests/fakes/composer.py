"""A composer that writes nothing and answers at once."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from bot.domain.errors import ComposerFailed
from bot.domain.files import MadeFiles
from bot.domain.request import RequestId, SongRequest
from bot.domain.song import Preview, Progress, Song, SongFile, Stage
from inference.api import ExtraFile, LeftOut
from tests.fakes.songs import file_for, quick, song_for


@dataclass
class FakeComposer:
    """Plays three stages, then the song.

    `failures` are raised, first one first, one a song; while `gate` is closed songs wait in the composing stage. With
    `mix` songs are previewed, to those who want it, and wait for it before they are done; `broken_mixes` fail then.
    More files are `files_of` their kind, or a few bytes, but for those it `cannot_make`.
    """

    failures: list[Exception] = field(default_factory=list)
    asked: list[SongRequest] = field(default_factory=list)
    cancelled: list[RequestId] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    composing: asyncio.Event = field(default_factory=asyncio.Event)
    is_up: bool = True
    mix: asyncio.Event | None = None
    broken_mixes: list[Exception] = field(default_factory=list)
    files_asked: list[SongRequest] = field(default_factory=list)
    files_of: dict[ExtraFile, tuple[SongFile, ...]] = field(default_factory=dict)
    cannot_make: dict[ExtraFile, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gate.set()
        self._stops: dict[RequestId, asyncio.Event] = {}

    async def compose(self, request: SongRequest) -> AsyncGenerator[Progress | Preview | Song, None]:
        self.asked.append(request)
        stop = self._stops[request.id] = asyncio.Event()
        try:
            yield Progress(Stage.QUEUED, position=0)
            if self.failures:
                raise self.failures.pop(0)
            yield Progress(Stage.COMPOSING, bars_done=0, bars=32)
            self.composing.set()
            await self._wait(self.gate, stop)
            yield Progress(Stage.RENDERING, bars_done=32, bars=32)
            song = song_for(request)
            if self.mix is not None and request.preview:
                yield Preview(quick(song))
                await self._wait(self.mix, stop)
                if self.broken_mixes:
                    raise self.broken_mixes.pop(0)
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled.append(request.id)
            raise
        finally:
            del self._stops[request.id]
        yield song

    async def files(self, request: SongRequest) -> MadeFiles:
        self.files_asked.append(request)
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        made = [kind for kind in request.files if kind not in self.cannot_make]
        left_out = tuple(
            LeftOut(file=kind, message=self.cannot_make[kind]) for kind in request.files if kind not in made
        )
        files = tuple(file for kind in made for file in self.files_of.get(kind, (file_for(kind),)))
        return MadeFiles("Iron Harvest", files, left_out)

    async def cancel(self, id: RequestId) -> None:
        if id in self._stops:
            self.cancelled.append(id)
            self._stops[id].set()

    async def is_ready(self) -> bool:
        return self.is_up

    async def _wait(self, gate: asyncio.Event, stop: asyncio.Event) -> None:
        """Until the gate opens. Raises ComposerFailed when the song is cancelled first."""
        waits = [asyncio.ensure_future(gate.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if stop.is_set():
            raise ComposerFailed(reason="cancelled")
