"""Puts the service together as an aiohttp application."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from inference.server.archive import Archive
from inference.server.limits import ServerLimits
from inference.server.middleware import bind_request_id, errors_as_json
from inference.server.producer import Studio
from inference.server.routes import Routes
from inference.server.service import SongService

SERVICE = web.AppKey("SERVICE", SongService)


def create_app(studio: Studio, limits: ServerLimits, artifacts: Path) -> web.Application:
    """The whole service, not started yet.

    Starting it starts the engine and raises OSError when `artifacts` cannot be used; shutting it down lets the songs
    end (see `ServerLimits.grace_s`) and stops the engine.

    Args:
        studio: its engine not started yet; its renderer started, and closed only after the application, both of
            which are its caller's doing.
        limits: see there.
        artifacts: folder for finished songs; made if it is missing.
    """
    service = SongService(studio, Archive(artifacts), limits)

    async def lifetime(_app: web.Application) -> AsyncIterator[None]:
        async with service.running():
            yield

    async def drain(_app: web.Application) -> None:
        await service.drain()

    app = web.Application(client_max_size=limits.max_body_bytes, middlewares=[bind_request_id, errors_as_json])
    app[SERVICE] = service
    app.add_routes(Routes(service).table())
    app.cleanup_ctx.append(lifetime)
    app.on_shutdown.append(drain)
    return app
