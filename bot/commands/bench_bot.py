"""The bot in a process of its own while it is measured: Slack over HTTP, and how late its event loop gets to things."""

import asyncio
import multiprocessing
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bot.commands.trouble import CommandTrouble
from bot.ports import Messenger
from bot.settings import Settings

_LOOK_EVERY_S = 0.01
_START, _STOP = "start", "stop"


@dataclass(frozen=True, slots=True)
class MeasuredBot:
    """A bot at work. `events_url` is where it hears of Slack; it is measured from `start` to `stop`."""

    events_url: str
    _pipe: Connection

    async def start(self) -> None:
        await asyncio.to_thread(self._pipe.send, _START)

    async def stop(self) -> list[float]:
        """Seconds that its event loop was late, a hundred times a second; with this the bot ends."""
        await asyncio.to_thread(self._pipe.send, _STOP)
        late: list[float] = await asyncio.to_thread(self._pipe.recv)
        return late


@asynccontextmanager
async def measured_bot(settings: Settings) -> AsyncIterator[MeasuredBot]:
    """Runs the bot for Slack alone, as `settings` say, until the body ends.

    Raises:
        CommandTrouble: it does not start; it has said why on standard error.
    """
    context = multiprocessing.get_context("spawn")  # nothing of this process's event loop may get into it
    ours, theirs = context.Pipe()
    process = context.Process(target=serve_slack, args=(settings, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        try:
            port: int = await asyncio.to_thread(ours.recv)
        except EOFError:
            raise CommandTrouble("the bot to be measured did not start; it says why above") from None
        yield MeasuredBot(f"http://127.0.0.1:{port}/slack/events", ours)
    finally:
        ours.close()  # a bot that waits for a word ends when there is nobody to speak
        await asyncio.to_thread(process.join)


def serve_slack(settings: Settings, pipe: Connection) -> None:
    """The other process: the composition root's band and the Slack adapter, nothing else."""
    from adapters.telemetry.logs import set_up_logs

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pipe says when to end
    set_up_logs("error")
    asyncio.run(_serve(settings, pipe))


async def _serve(settings: Settings, pipe: Connection) -> None:
    from adapters.slack.adapter import SlackAdapter
    from bot.app import open_band

    messengers: dict[str, Messenger] = {}
    async with open_band(settings, messengers) as band, asyncio.TaskGroup() as tasks:
        adapter = SlackAdapter(settings.slack, band)
        messengers[adapter.platform] = adapter.messenger
        running = tasks.create_task(adapter.run())
        await adapter.opened()
        pipe.send(adapter.http_port)
        late: list[float] = []
        if await _heard(pipe) == _START:
            watching = tasks.create_task(_watch_lateness(late))
            if await _heard(pipe) == _STOP:
                pipe.send(late)
            watching.cancel()
        running.cancel()


async def _heard(pipe: Connection) -> str | None:
    """The next word, None when there will be none."""
    try:
        word: str = await asyncio.to_thread(pipe.recv)
    except EOFError:
        return None
    return word


async def _watch_lateness(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + _LOOK_EVERY_S
        await asyncio.sleep(_LOOK_EVERY_S)
        late.append(time.perf_counter() - due)
