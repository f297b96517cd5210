"""The bot in a child process while it is measured, and the lag of its event loop."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection

from bot.commands.apart import Apart, apart
from bot.ports import Messenger
from bot.settings import Settings

_LOOK_EVERY_S = 0.01
_START, _STOP = "start", "stop"


class MeasuredBot:
    """A bot at work, measured from `start` to `stop`. `port` is where it hears of Slack; None for Discord."""

    def __init__(self, port: int | None, process: Apart) -> None:
        self.port = port
        self._process = process

    @property
    def slack_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/slack/events"

    async def start(self) -> None:
        await self._process.tell(_START)

    async def stop(self) -> list[float]:
        """Seconds that its event loop was late, a hundred times a second; with this the bot ends."""
        await self._process.tell(_STOP)
        late: list[float] = await self._process.hear()
        return late


@asynccontextmanager
async def measured_bot(settings: Settings) -> AsyncIterator[MeasuredBot]:
    """Runs the bot for the one platform that `settings` want, until it is stopped or the body fails.

    Raises:
        CommandTrouble: it does not start; it has said why on standard error.
    """
    async with apart(serve_platform, settings) as process:
        port: int | None = await process.hear()
        yield MeasuredBot(port, process)


def serve_platform(pipe: Connection, settings: Settings) -> None:
    """The other process: the composition root's band and one platform's adapter, nothing else."""
    asyncio.run(_serve(pipe, settings))


async def _serve(pipe: Connection, settings: Settings) -> None:
    from adapters.slack.adapter import SlackAdapter
    from bot.app import chat_adapters, open_band

    messengers: dict[str, Messenger] = {}
    async with open_band(settings, messengers) as band, asyncio.TaskGroup() as tasks:
        (adapter,) = chat_adapters(settings, band)
        messengers[adapter.platform] = adapter.messenger
        running = tasks.create_task(adapter.run())
        while not adapter.is_connected():  # noqa: ASYNC110  # the libraries have no event for it
            await asyncio.sleep(_LOOK_EVERY_S)
        pipe.send(adapter.http_port if isinstance(adapter, SlackAdapter) else None)
        late: list[float] = []
        if await asyncio.to_thread(pipe.recv) == _START:
            watching = tasks.create_task(_watch_lateness(late))
            if await asyncio.to_thread(pipe.recv) == _STOP:
                pipe.send(late)
            watching.cancel()
        running.cancel()


async def _watch_lateness(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + _LOOK_EVERY_S
        await asyncio.sleep(_LOOK_EVERY_S)
        late.append(time.perf_counter() - due)
