"""The band in a terminal: the same verbs as in any chat."""

import asyncio
import sys
from typing import TextIO

from adapters.console.lines import read_lines
from adapters.console.reply import ConsoleMessenger, ConsoleReply, Screen
from adapters.console.verbs import PLATFORM, Verbs
from adapters.console.view import progress_view
from bot.domain.request import SongRequest
from bot.ports import Messenger, Reply
from bot.services.band import Band
from bot.settings import ConsoleSettings


class ConsoleAdapter:
    """Answers one line after the other, `/cancel` at once; `run` ends at `/quit` or with the input."""

    def __init__(
        self, settings: ConsoleSettings, band: Band, *, input_descriptor: int = 0, output: TextIO | None = None
    ) -> None:
        self._screen = Screen(sys.stdout if output is None else output, settings.out)
        self._verbs = Verbs(band, self._screen)
        self._input = input_descriptor
        self._is_open = False

    @property
    def platform(self) -> str:
        return PLATFORM

    @property
    def messenger(self) -> Messenger:
        return ConsoleMessenger(self._screen)

    async def run(self) -> None:
        self._is_open = True
        self._screen.say("LnH is here. Type /compose metal, or /help.")
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read(lines))
                while (line := await lines.get()) is not None:
                    if line.strip() and not await self._verbs.answer(line):
                        break
                reading.cancel()
        finally:
            self._is_open = False

    async def _read(self, lines: asyncio.Queue[str | None]) -> None:
        """Queues every line, and None after the last; who cancels a song does not wait for it to end."""
        async for line in read_lines(self._input):
            if line.strip().casefold().removeprefix("/") in ("cancel", "stop"):
                await self._verbs.cancel()
            else:
                lines.put_nowait(line)
        lines.put_nowait(None)

    def is_connected(self) -> bool:
        return self._is_open

    def reply_for(self, request: SongRequest) -> Reply | None:
        # A view of its own that is never drawn live: a song left by the last run comes in between the lines.
        return ConsoleReply(self._screen, progress_view(self._screen.output))
