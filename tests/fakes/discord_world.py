"""Guilds, channels and people of a virtual Discord whose clock is the wall clock.

The rules (permissions, the three seconds, the fifteen minutes, validation) are simcord's; only its virtual clock
and its in-process bot are left out, because here the bot is at the other end of a socket.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import discord
from simcord import Backend, Env
from simcord._clock import Clock


class WallClock(Clock):
    """Real time; `advance` only ever moves an offset, so deadlines are met or missed as in the real world."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.elapsed)


class World(Env):
    """simcord's builders and actors over a backend that no bot is attached to.

    Actions return as soon as the event is on its way: the bot answers over its socket, in its own time.
    """

    def __init__(self) -> None:
        super().__init__(discord.Client(intents=discord.Intents.none()))
        self.backend = Backend(clock=WallClock())

    async def _settle_internal(self, **_: Any) -> None:
        """Nothing to wait for: there is no bot in this process."""
