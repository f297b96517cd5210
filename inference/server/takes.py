"""Several takes of one song, written side by side, of which the best is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from inference.critic.takes import Judge, best_of
from inference.engine.contract import Finished
from inference.music.recipe import Recipe

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

Heard = Callable[[int], None]
ComposeTake = Callable[[Recipe, int, Heard], Awaitable[Finished]]
_YOUNG = 0.5  # of its bars: a take that has more of them is finished sooner than it is missed


class Takes:
    """The takes of one song. While they are young, it can be told to make do with fewer.

    Args:
        compose: writes the take of that number, tells how many bars it has, and stops when it is cancelled.
        recipe: of the song; a single take is the one it names.
        count: at least 1; several are the first so many of its seed.
    """

    def __init__(self, compose: ComposeTake, recipe: Recipe, count: int) -> None:
        self._compose = compose
        several = [replace(recipe, sampling=replace(recipe.sampling, take=take)) for take in range(count)]
        self._recipes = several if count > 1 else [recipe]
        self._bars = [0] * count
        self._writing: list[asyncio.Task[Finished]] = []

    async def best(self, judge: Judge | None) -> tuple[Recipe, Finished]:
        """Has them written at once; the same takes always end in the same song.

        Args:
            judge: chooses among takes that keep equally many wishes.

        Returns:
            The recipe that writes the kept take alone, and the take.

        Raises:
            StageFailed: a take could not be written.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                self._writing = [tasks.create_task(self._write(take)) for take in range(len(self._recipes))]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        written = [take for take, task in enumerate(self._writing) if not task.cancelled()]
        finished = [self._writing[take].result() for take in written]
        kept = 0
        if len(written) > 1:
            scores = [one.score for one in finished]
            kept = await asyncio.to_thread(best_of, scores, self._recipes[0].spec, judge)
            log.info("a take was chosen", kept=written[kept], takes=written)
        return self._recipes[written[kept]], finished[kept]

    def make_do_with(self, most: int) -> None:
        """Stops young takes, the youngest first, until no more than `most` are left; one always is."""
        left = [take for take, task in enumerate(self._writing) if not (task.cancelled() or task.cancelling())]
        young = [take for take in left if not self._writing[take].done() and self._is_young(take)]
        for take in sorted(young, key=lambda take: (self._bars[take], -take))[: max(0, len(left) - max(1, most))]:
            self._writing[take].cancel()

    async def _write(self, take: int) -> Finished:
        def heard(bars: int) -> None:
            self._bars[take] = bars

        return await self._compose(self._recipes[take], take, heard)

    def _is_young(self, take: int) -> bool:
        return self._bars[take] < _YOUNG * (self._recipes[take].spec.bars or 1)


class Room:
    """How many takes a song may have if it is all the same to whoever asked: `most` alone, fewer in company.

    Args:
        most: takes of one song that has the service to itself.
        songs: how many are being written or wait for it.
    """

    def __init__(self, most: int, songs: Callable[[], int]) -> None:
        self._most = most
        self._songs = songs
        self._flexible: set[Takes] = set()

    @property
    def share(self) -> int:
        """Takes for each song now, at least 1."""
        return max(1, self._most // max(1, self._songs()))

    @contextmanager
    def shared_by(self, takes: Takes) -> Iterator[None]:
        """In this context the takes give way to whoever comes."""
        self._flexible.add(takes)
        try:
            yield
        finally:
            self._flexible.discard(takes)

    def somebody_came(self) -> None:
        for takes in self._flexible:
            takes.make_do_with(self.share)
