"""A small inference service on a real socket that speaks inference/api and misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from inference.api import ErrorBody, ErrorCode, ErrorDetail, SongBody, SongFile, SongState, SongStatus
from inference.music.recipe import Recipe
from inference.music.spec import SamplingParams
from tests.fakes.songs import CATALOGUE

_MEDIA = {"mid": "audio/midi", "mp3": "audio/mpeg", "png": "image/png"}


@dataclass
class FakeService:
    """Plays every song in a few statuses.

    Args:
        answers: (HTTP status, body) given to the next calls in place of their answers.
        drops: how many event streams break after their first event.
        forgets: whether a broken stream stands for a restart: the songs are gone.
        ending: the final state, with `error` if it failed.
        gate: while closed, songs stay in composing.
        told: set when somebody cancels a song.
        door: while closed, requests for songs wait unread; `knocked` says that one does.
    """

    answers: list[tuple[int, str]] = field(default_factory=list)
    drops: int = 0
    forgets: bool = False
    ending: SongState = SongState.DONE
    error: ErrorDetail | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    door: asyncio.Event = field(default_factory=asyncio.Event)
    knocked: asyncio.Event = field(default_factory=asyncio.Event)
    composing: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    is_ready: bool = True
    loses_files: bool = False
    loses_previews: bool = False
    posted: list[SongBody] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    streams: int = 0

    def __post_init__(self) -> None:
        self.gate.set()
        self.door.set()
        self._songs: dict[str, SongBody] = {}
        self._cancelled: set[str] = set()

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Yields the base URL."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/songs", self._post),
                web.get("/v1/songs/{id}", self._get),
                web.delete("/v1/songs/{id}", self._delete),
                web.get("/v1/songs/{id}/events", self._events),
                web.get("/v1/songs/{id}/files/{name}", self._file),
                web.get("/readyz", self._ready),
            ]
        )
        async with TestServer(app, host="127.0.0.1", port=port) as server:
            yield f"http://127.0.0.1:{server.port}"

    def refuse(self, code: ErrorCode, status: int, retry_after_s: float | None = None) -> None:
        """The next call is refused."""
        detail = ErrorDetail(code=code, message=f"because of {code}", retry_after_s=retry_after_s)
        self.answers.append((status, ErrorBody(error=detail).model_dump_json()))

    @property
    def cancelled(self) -> set[str]:
        """Songs that were there when they were cancelled."""
        return set(self._cancelled)

    async def _post(self, request: web.Request) -> web.Response:
        if self.answers:
            return self._canned()
        self.knocked.set()
        await self.door.wait()
        body = SongBody.model_validate_json(await request.read())
        self.posted.append(body)
        name = str(body.request_id)
        self._songs[name] = body
        self._cancelled.discard(name)
        return _json(SongStatus(id=name, state=SongState.QUEUED, position=1, eta_s=3.0), 202)

    async def _get(self, request: web.Request) -> web.Response:
        if self.answers:
            return self._canned()
        name = request.match_info["id"]
        if name not in self._songs:
            return _json(ErrorBody(error=ErrorDetail(code=ErrorCode.NOT_FOUND, message="unknown")), 404)
        return _json(SongStatus(id=name, state=SongState.COMPOSING, bars_done=1, bars=32))

    async def _delete(self, request: web.Request) -> web.Response:
        if self.answers:
            return self._canned()
        name = request.match_info["id"]
        self.deleted.append(name)
        self.told.set()
        if name not in self._songs:
            return _json(ErrorBody(error=ErrorDetail(code=ErrorCode.NOT_FOUND, message="unknown")), 404)
        self._cancelled.add(name)
        self.gate.set()
        return _json(SongStatus(id=name, state=SongState.CANCELLED))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.streams += 1
        name = request.match_info["id"]
        if name not in self._songs:
            return _json(ErrorBody(error=ErrorDetail(code=ErrorCode.NOT_FOUND, message="unknown")), 404)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for status in self._statuses(name):
            await response.write(
                f": ping\r\n\r\nevent: {status.state}\r\ndata: {status.model_dump_json()}\r\n\r\n".encode()
            )
            if self.drops:
                self.drops -= 1
                if self.forgets:
                    self._songs.clear()
                if request.transport is not None:
                    request.transport.abort()
                return response
            self.composing.set()
            await self.gate.wait()
        final = self._final(name)
        await response.write(f"event: {final.state}\ndata: {final.model_dump_json()}\n\n".encode())
        return response

    def _statuses(self, id: str) -> Iterator[SongStatus]:
        yield SongStatus(id=id, state=SongState.COMPOSING, bars_done=1, bars=32)
        yield SongStatus(id=id, state=SongState.COMPOSING, bars_done=31, bars=32)
        yield SongStatus(id=id, state=SongState.RENDERING, bars_done=32, bars=32)
        if self._songs[id].preview:
            rendering = SongStatus(id=id, state=SongState.RENDERING, bars_done=32, bars=32)
            files = self._files(id, "iron-harvest-quick")
            yield rendering.model_copy(update={"preview": files, "recipe": self._recipe(id).to_dict(), "title": "Iron"})

    def _recipe(self, id: str) -> Recipe:
        body = self._songs[id]
        seed = body.seed or 0
        return Recipe("0123abcd", CATALOGUE.complete(body.to_spec(), seed), SamplingParams(seed))

    def _files(self, id: str, stem: str) -> list[SongFile]:
        names = [f"{stem}.{extension}" for extension in self._songs[id].formats]
        return [
            SongFile(
                name=name,
                media_type=_MEDIA[name.rpartition(".")[2]],
                size_bytes=3,
                url=f"/v1/songs/{id}/files/{name}",
            )
            for name in names
        ]

    def _final(self, id: str) -> SongStatus:
        if id in self._cancelled:
            return SongStatus(id=id, state=SongState.CANCELLED)
        if self.ending is not SongState.DONE:
            return SongStatus(id=id, state=self.ending, error=self.error)
        recipe = self._recipe(id)
        return SongStatus(
            id=id,
            state=SongState.DONE,
            title="Iron Härvest",
            genre=recipe.spec.main_genre,
            seed=recipe.sampling.seed,
            recipe=recipe.to_dict(),
            files=self._files(id, "iron-harvest"),
            seconds={"composing": 1.5},
        )

    async def _file(self, request: web.Request) -> web.Response:
        if self.loses_files or (self.loses_previews and "quick" in request.match_info["name"]):
            return _json(ErrorBody(error=ErrorDetail(code=ErrorCode.NOT_FOUND, message="unknown")), 404)
        return web.Response(body=request.match_info["name"].encode())

    async def _ready(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.is_ready else 503)

    def _canned(self) -> web.Response:
        status, body = self.answers.pop(0)
        return web.Response(status=status, text=body, content_type="application/json")


def _json(model: Any, status: int = 200) -> web.Response:
    return web.Response(text=model.model_dump_json(), status=status, content_type="application/json")
