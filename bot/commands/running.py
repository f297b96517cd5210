"""Commands that run until they are stopped: `lnh run`, `lnh serve`, `lnh bot`."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
import typer

from bot.commands.machine import LOOPBACK
from bot.commands.prepare import prepared_settings, quietly_prepared_settings
from bot.commands.trouble import as_trouble
from bot.settings import Settings, load_settings
from inference.music.spec import check_range

_FAREWELL_S = 10.0  # beside the grace that its songs have, for a service that stops
_log = structlog.get_logger(__name__)


def run() -> None:
    """Start the service and the bot: on Discord and Slack if their tokens are set, else in this terminal."""
    settings = _prepare()
    until_stopped(_run(settings))


def bot() -> None:
    """Start the bot only; it uses the service at LNH_INFERENCE_URL."""
    settings = _prepare()
    until_stopped(_bot(settings))


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: the setting inference.host.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port, 0 for any free one; default: the setting inference.port.")
    ] = None,
    ray: Annotated[
        bool, typer.Option("--ray", help="Compose on Ray Serve replicas that scale with load (needs the extra `ray`).")
    ] = False,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Start the inference service only: it composes and renders songs over HTTP."""
    settings = prepared_settings()
    inference = settings.inference
    address = (host or inference.host, inference.port if port is None else port)
    check_range("port", address[1], 0, 65535)
    until_stopped(_serve(settings, address, replicated=ray, stop_with_stdin=until_stdin_closes))


def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work` to its end; SIGTERM and Ctrl-C cancel it, which is no error."""

    async def main() -> None:
        loop, task, asked = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

        def stop() -> None:
            asked.set()
            if task is not None:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            await work
        except asyncio.CancelledError:
            if not asked.is_set():
                raise

    asyncio.run(main())


def _prepare() -> Settings:
    """Reads the settings and sets up logging; a chat in this terminal is not disturbed by log lines below warning.

    Raises:
        BadSettings: a setting is wrong, or a platform is configured by half; better told now than when all is loaded.
    """
    from bot.app import require_platform

    settings = load_settings()
    require_platform(settings)
    if settings.discord.is_wanted or settings.slack.is_wanted:
        return prepared_settings()
    typer.echo("The band is tuning up ...")
    return quietly_prepared_settings()


async def _run(settings: Settings) -> None:
    from adapters.storage import StorageError, upgrade

    with as_trouble(StorageError):  # a database that cannot be used is told before the service takes its time
        await upgrade(settings.database.url)
    async with _service(settings) as url:
        inference = settings.inference.model_copy(update={"url": url})
        await _bot(settings.model_copy(update={"inference": inference}))


async def _bot(settings: Settings) -> None:
    from adapters.storage import StorageError
    from bot.app import run_bot

    with as_trouble(StorageError):
        await run_bot(settings)


@asynccontextmanager
async def _service(settings: Settings) -> AsyncIterator[str]:
    """Yields the URL of a service: the configured one if it is remote or ready, else that of a child process."""
    from adapters.composer import HttpComposer
    from bot.commands.child import serve_command, service_process

    inference = settings.inference
    async with HttpComposer(inference.url) as composer:
        is_ready = await composer.is_ready()
    if is_ready or urlsplit(inference.url).hostname not in LOOPBACK:
        _log.info("using the service that is there", url=inference.url, is_ready=is_ready)
        yield inference.url
        return
    port = _free_or_any(inference.host, inference.port)
    stop_s = inference.grace_s + _FAREWELL_S
    async with service_process(serve_command(inference.host), port, settings.log.level, stop_s=stop_s) as url:
        yield url


def _free_or_any(host: str, port: int) -> int:
    """The port if it is free, else 0. An unusable host is left to the child to report."""
    from inference.server.run import CannotListen, listen

    try:
        listen(host, port).close()
    except CannotListen as error:
        _log.warning("another port will do", reason=str(error))
        return 0
    return port


async def _serve(settings: Settings, address: tuple[str, int], *, replicated: bool, stop_with_stdin: bool) -> None:
    from bot.commands.studio import make_app
    from inference.server.archive import ArchiveInUse
    from inference.server.cluster import Scale
    from inference.server.run import CannotListen, EngineLost, listen, serve

    with as_trouble(CannotListen):
        sock = listen(*address)
    stop = asyncio.Event()
    inference = settings.inference
    scale = Scale(inference.replicas, max(inference.replicas, inference.most_replicas)) if replicated else None
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_stop_with_stdin(stop)) if stop_with_stdin else None
        with sock, as_trouble(ArchiveInUse, EngineLost):
            async with make_app(settings, scale) as app:
                await serve(app, sock, lambda url: typer.echo(f"LnH listens on {url}"), stop)
        if watching is not None:
            watching.cancel()


async def _stop_with_stdin(stop: asyncio.Event) -> None:
    from adapters.console.lines import read_lines

    async for _ in read_lines(0):
        pass
    stop.set()
