"""Puts the service together as an aiohttp application."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from inference.engine.contract import Engine
from inference.music.genre import GenreCatalogue
from inference.server.archive import Archive
from inference.server.limits import ServerLimits
from inference.server.middleware import bind_request_id, errors_as_json
from inference.server.producer import Studio
from inference.server.routes import Routes
from inference.server.service import SongService
from inference.server.stages import Renderer

SERVICE = web.AppKey("SERVICE", SongService)


def create_app(
    engine: Engine, renderer: Renderer, catalogue: GenreCatalogue, limits: ServerLimits, artifacts: Path
) -> web.Application:
    """The whole service, not started yet.

    Starting it starts the engine and raises OSError when `artifacts` cannot be used; shutting it down lets the songs
    end (see `ServerLimits.grace_s`) and stops the engine.

    Args:
        engine: not started yet.
        renderer: started, and closed only after the application; both are its caller's doing.
        catalogue: the genres that may be asked for.
        limits: see there.
        artifacts: folder for finished songs; made if it is missing.
    """
    service = SongService(Studio(engine, renderer, catalogue), Archive(artifacts), limits)

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
