"""Running the service on a socket until it is told to stop."""

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from inference.server.app import SERVICE

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CLOSE_S = 5.0  # for answers that are still being sent when everything else has ended
_BACKLOG = 128
_MAX_PORT = 65535


class EngineLost(Exception):
    """The engine is beyond help; what was accepted is on disk, and the next start goes on with it."""


class CannotListen(Exception):
    """The address cannot be served; `str(error)` is one sentence for the person who started the service."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes any free one. Call it first: it fails before anything heavy is loaded.

    Raises:
        CannotListen: the port is in use or needs other rights, or the host is no address of this machine.
    """
    if not 0 <= port <= _MAX_PORT:
        raise CannotListen(f"a port is a number from 0 to {_MAX_PORT}, not {port}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"{host!r} is not an address I can listen on") from error
    family, _, _, _, address = found[0]
    try:
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotListen(_why(host, port, error)) from error


async def serve(
    app: web.Application,
    sock: socket.socket,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serves `app` (see `create_app`) on `sock` until SIGINT, SIGTERM or `stop`, then lets running songs end.

    A second signal does not wait for them. Later ones, until the event loop is closed, change nothing: what is left to
    do is short, and a worker that is not told to end leaves things behind.

    Args:
        app: a fresh application.
        sock: from `listen`; closed at the end.
        ready: called once with the base URL, such as `http://127.0.0.1:8600`.
        stop: set to end the service from inside the process.

    Raises:
        ArchiveInUse, OSError: the folder for songs cannot be used.
        EngineLost: only a new process can go on.
    """
    stop = stop or asyncio.Event()
    service = app[SERVICE]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
    try:
        with _signals(lambda: service.hurry() if stop.is_set() else stop.set()):
            await runner.setup()
            await web.SockSite(runner, sock).start()
            ready(base_url(sock))
            await _either(stop, service.engine_lost)
            log.info("shutting down")
            await service.drain()  # still listening: songs that end now can be fetched
            if service.engine_lost.is_set():
                raise EngineLost("the engine stopped working; start the service again and it goes on with its songs")
    finally:
        await runner.cleanup()
        sock.close()


def base_url(sock: socket.socket) -> str:
    """Where a socket from `listen` is reached."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if sock.family is socket.AF_INET6 else f"http://{host}:{port}"


async def _either(*events: asyncio.Event) -> None:
    """Waits for the first."""
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


@contextmanager
def _signals(act: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to the main thread only
        yield
        return
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.add_signal_handler(number, _nothing)


def _nothing() -> None:
    """A signal that changes nothing."""


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what uses it or choose another port (0 takes any free one)"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights than I have; choose one from 1024 up"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine"
    return f"I cannot listen on {host} port {port}: {error.strerror}"
