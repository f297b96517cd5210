"""The inference service as a child process: starts it, restarts it after a crash, stops it."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from bot.commands.trouble import CommandTrouble

_SHORT_LIFE_S = 30.0
_SHORT_LIVES = 3
_log = structlog.get_logger(__name__)


def serve_command(host: str) -> tuple[str, ...]:
    """The command of the child, without the port; the child stops when its parent is gone for whatever reason.

    `-P`: a `bot.py` in the folder where somebody starts us is not our package.
    """
    return (sys.executable, "-P", "-m", "bot", "serve", "--until-stdin-closes", "--host", host, "--port")


@asynccontextmanager
async def service_process(
    command: Sequence[str],
    port: int,
    log_level: str,
    settings: Mapping[str, str] | None = None,
    *,
    stop_s: float = 20.0,
) -> AsyncIterator[str]:
    """Runs a service as a child and yields its URL; a crashed child is started again on the same port.

    Args:
        command: takes the port as its last argument and prints a line that ends with the URL when it is ready.
        port: 0 for any free one.
        log_level: of the child.
        settings: environment variables that are to differ from ours.
        stop_s: seconds it has to end by itself when the body is over.

    Raises:
        CommandTrouble: it does not start, or crashes again and again; the child has said why on standard error.
    """
    child = _Child(command, {"LNH_LOG_LEVEL": log_level} | dict(settings or {}), stop_s)
    try:
        url = await child.start(port)
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(child.keep(int(url.rpartition(":")[2])))
            try:
                yield url
            finally:
                keeper.cancel()
    finally:
        await child.stop()


class _Child:
    def __init__(self, command: Sequence[str], settings: Mapping[str, str], stop_s: float) -> None:
        self._command = command
        self._stop_s = stop_s
        self._environment = os.environ | settings
        self._process: Process | None = None

    async def start(self, port: int) -> str:
        """The URL, once the service answers there. Raises CommandTrouble."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, str(port), stdin=PIPE, stdout=PIPE, env=self._environment
        )
        announced = (await process.stdout.readline()).decode().split() if process.stdout else []
        if not announced:
            raise CommandTrouble("the inference service did not start; it says why above")
        return announced[-1]

    async def keep(self, port: int) -> None:
        """Restarts it whenever it has stopped. Raises CommandTrouble."""
        short_lives = 0
        while self._process is not None:
            started = time.monotonic()
            status = await self._process.wait()
            short_lives = short_lives + 1 if time.monotonic() - started < _SHORT_LIFE_S else 0
            if short_lives >= _SHORT_LIVES:
                raise CommandTrouble(f"the inference service stops again and again (exit status {status})")
            _log.warning("inference service stopped, starting it again", status=status)
            await self.start(port)

    async def stop(self) -> None:
        """Asks it to finish its songs and exit; kills it if it takes too long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(self._stop_s):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
