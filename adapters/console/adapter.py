"""The band in a terminal: the same verbs as in any chat."""

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
    """Reads one line after the other and answers it; `run` ends at `/quit` or with the input."""

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
        try:
            async for line in read_lines(self._input):
                if line.strip() and not await self._verbs.answer(line):
                    break
        finally:
            self._is_open = False

    def is_connected(self) -> bool:
        return self._is_open

    def reply_for(self, request: SongRequest) -> Reply | None:
        # A view of its own that is never drawn live: a song left by the last run comes in between the lines.
        return ConsoleReply(self._screen, progress_view(self._screen.output))
