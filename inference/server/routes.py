"""The addresses of the service, each a few lines that translate between HTTP and the service."""

import asyncio

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from inference.api import ErrorCode
from inference.server.afterwards import read_files_body
from inference.server.body import read_body
from inference.server.events import stream_events
from inference.server.openapi import Health, describe
from inference.server.refusal import Refusal
from inference.server.sent_song import with_source_read
from inference.server.service import SongService

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


class Routes:
    """The handlers of one service."""

    def __init__(self, service: SongService) -> None:
        self._service = service
        self._description = describe()

    def table(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/songs", self.compose),
            web.get("/v1/songs/{id}", self.status),
            web.delete("/v1/songs/{id}", self.cancel),
            web.get("/v1/songs/{id}/events", self.events, allow_head=False),
            web.post("/v1/songs/{id}/files", self.more_files),
            web.get("/v1/songs/{id}/files/{name}", self.file),
            web.get("/healthz", self.health),
            web.get("/readyz", self.readiness),
            web.get("/metrics", self.metrics),
            web.get("/openapi.json", self.openapi),
        ]

    async def compose(self, request: web.Request) -> web.Response:
        raw, asked = await request.read(), None
        try:
            body = read_body(raw)
            asked = body.request_id
            if body.edit is not None:  # reading a song takes up to seconds
                body = await asyncio.to_thread(with_source_read, body, self._service.catalogue)
            with structlog.contextvars.bound_contextvars(request_id=asked):
                status = await self._service.accept(body, request.remote or "")
        except Refusal as refusal:
            self._service.metrics.refused(refusal.detail.code)
            log.info("song refused", request_id=asked, code=refusal.detail.code, reason=str(refusal))
            raise
        return _json(status, status=202, headers={"Location": f"/v1/songs/{status.id}"})

    async def status(self, request: web.Request) -> web.Response:
        return _json(self._service.register.find(request.match_info["id"]).feed.status)

    async def cancel(self, request: web.Request) -> web.Response:
        return _json(await self._service.cancel(request.match_info["id"]))

    async def events(self, request: web.Request) -> web.StreamResponse:
        entry = self._service.register.find(request.match_info["id"])
        return await stream_events(request, entry.feed, self._service.limits.ping_s)

    async def more_files(self, request: web.Request) -> web.Response:
        body = read_files_body(await request.read())
        if self._service.is_closing:
            raise Refusal(
                ErrorCode.SHUTTING_DOWN, "the service is shutting down and makes no more files; ask again soon"
            )
        status = await self._service.afterwards.add(request.match_info["id"], body)
        log.info("files added", request_id=status.id, files=body.files, left_out=[one.file for one in status.left_out])
        return _json(status)

    async def file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        entry, path, media_type = self._service.register.file(request.match_info["id"], name)
        self._service.collected(entry, name)
        headers = {
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(path, headers=headers)

    async def health(self, _request: web.Request) -> web.Response:
        return _json(Health(status="alive", checkpoint=self._service.checkpoint))

    async def readiness(self, _request: web.Request) -> web.Response:
        if self._service.is_closing:
            raise Refusal(ErrorCode.SHUTTING_DOWN, "the service is shutting down")
        if not self._service.is_ready:
            raise Refusal(ErrorCode.UNAVAILABLE, "the service is not ready to compose and render")
        return _json(Health(status="ready", checkpoint=self._service.checkpoint))

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._service.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def openapi(self, _request: web.Request) -> web.Response:
        return web.json_response(self._description)


def _json(model: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=model.model_dump_json(), status=status, headers=headers, content_type="application/json")
