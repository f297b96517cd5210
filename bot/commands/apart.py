"""Runs a function in a child process and talks with it through a pipe."""

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Any

from bot.commands.trouble import CommandTrouble

_LAST_WORDS_S = 20.0

Work = Callable[..., None]


class Apart:
    """The parent's end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def tell(self, word: object) -> None:
        await asyncio.to_thread(self._pipe.send, word)

    async def hear(self) -> Any:
        """The next message of the child.

        Raises:
            CommandTrouble: it says that it cannot go on, or it is gone and has said why on standard error.
        """
        try:
            word = await asyncio.to_thread(self._pipe.recv)
        except EOFError:
            raise CommandTrouble("a process of this measurement ended too early; it says why above") from None
        if isinstance(word, CommandTrouble):
            raise word
        return word


@asynccontextmanager
async def apart(work: Work, *arguments: object) -> AsyncIterator[Apart]:
    """Runs `work(pipe, *arguments)` in a child process; when the body ends well, the child has some seconds to end."""
    context = multiprocessing.get_context("spawn")  # a fork would take this process's event loop and threads along
    ours, theirs = context.Pipe()
    process = context.Process(target=_enter, args=(work, theirs, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Apart(ours)
        await asyncio.to_thread(process.join, _LAST_WORDS_S)
    finally:
        process.terminate()  # which also wakes up whoever listens
        await asyncio.to_thread(process.join)
        ours.close()


def _enter(work: Work, pipe: Connection, arguments: tuple[object, ...]) -> None:
    from adapters.telemetry.logs import set_up_logs

    set_up_logs("error")  # what is measured writes logs, and standard output is for the figures
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but ending us is for whoever started us
    try:
        work(pipe, *arguments)
    except CommandTrouble as trouble:
        pipe.send(trouble)
