"""Finished songs that a service which closes still keeps for whoever asked for them."""

import asyncio

from inference.server.register import Entry


class Collection:
    """Empty until something is left in it."""

    def __init__(self) -> None:
        self._left: set[Entry] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def leave(self, entry: Entry) -> None:
        """A song waits here, unless all its files were fetched already."""
        if entry.uncollected:
            self._left.add(entry)
            self._empty.clear()

    def fetched(self, entry: Entry, name: str) -> None:
        """A file of a song is on its way to whoever asked for it."""
        entry.collected.add(name)
        if not entry.uncollected:
            self._left.discard(entry)
        if not self._left:
            self._empty.set()

    async def all_fetched(self) -> None:
        """Returns when nothing is left."""
        await self._empty.wait()

    def give_up(self) -> int:
        """Nobody comes for the rest; how many songs that were."""
        songs = len(self._left)
        self._left.clear()
        self._empty.set()
        return songs
