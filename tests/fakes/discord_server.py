"""A Discord to point the real client at: HTTP and gateway on 127.0.0.1, in a thread with its own event loop.

Its own loop makes the measured acknowledgement the bot's and not the test's, and lets a test stall the bot's loop.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any, Self

import discord
import pytest
from aiohttp import web

from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_rest import PREFIX, REQUEST_LIMIT_BYTES, Received, Rest
from tests.fakes.discord_world import World

TOKEN = "a-made-up-token"
ACKNOWLEDGE_WITHIN_S = 3.0
PATIENCE_S = 15.0


def put_addresses_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library keeps its addresses in classes; what a test sets there is gone at its end."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)


class DiscordServer:
    """`async with DiscordServer() as server:`; leaving it fails on gaps and on interactions answered late or never."""

    def __init__(self) -> None:
        self.world = World()
        self.gaps: list[str] = []
        self._changed = asyncio.Event()
        self.gateway = Gateway(self.world, TOKEN, self.gaps, self._changed)
        self._rest = Rest(self.world, self.gateway, TOKEN, self.gaps)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="discord-server")
        self._runner: web.AppRunner | None = None
        self.api_base = ""

    @property
    def gateway_url(self) -> str:
        return self.gateway.url

    @property
    def latency_s(self) -> dict[int, float]:
        """Seconds from an interaction's dispatch to its acknowledgement, by interaction id."""
        return self._rest.latency_s

    @property
    def received(self) -> list[Received]:
        """Every request so far, in order."""
        return self._rest.received

    async def __aenter__(self) -> Self:
        self._thread.start()
        await self.do(self._listen)
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.do(self._stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raises AssertionError if the bot asked for something unknown or broke the three-second rule."""
        silent = set(self.gateway.interactions_sent) - set(self.latency_s)
        late = [seconds for seconds in self.latency_s.values() if seconds > ACKNOWLEDGE_WITHIN_S]
        if self.gaps or silent or late:
            raise AssertionError(f"gaps: {self.gaps}; never acknowledged: {silent}; acknowledged late: {late}")

    async def do(self, action: Callable[[], Any]) -> Any:
        """Runs `action` (plain or async) on the server's loop, where the world lives."""

        async def run() -> Any:
            result = action()
            return await result if inspect.isawaitable(result) else result

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), self._loop))

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Waits for a request that makes `condition()` true, and returns what it returned."""

        async def watch() -> Any:
            async with asyncio.timeout(PATIENCE_S):
                while not (result := condition()):
                    if self.gaps:
                        raise AssertionError(f"the bot asked for what this server does not know: {self.gaps}")
                    self._changed.clear()
                    await self._changed.wait()
            return result

        return await self.do(watch)

    def expire_interactions(self) -> None:
        """The fifteen minutes of every interaction so far are over; call it by `do`."""
        for record in self.world.backend.interactions.values():
            record.expires_at = self.world.backend.now_iso()

    async def _listen(self) -> None:
        application = web.Application(client_max_size=2 * REQUEST_LIMIT_BYTES)  # the routes judge what is too large
        application.router.add_get("/gateway", self._connect)
        application.router.add_get("/gateway/", self._connect)
        application.router.add_route("*", PREFIX + "/{path:.*}", self._request)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.api_base = f"http://{host}:{port}{PREFIX}"
        self.gateway.url = f"ws://{host}:{port}/gateway"

    async def _stop(self) -> None:
        self.gateway.release()
        await self.gateway.drop(code=1001)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        return await self.gateway.handle(request)

    async def _request(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._rest.handle(request)
        finally:
            self._changed.set()
