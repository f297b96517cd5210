"""Several takes of one song, written side by side, of which the best is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from inference.critic.takes import Judge, best_of
from inference.engine.contract import Finished
from inference.music.recipe import Recipe

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

ComposeTake = Callable[[Recipe, int], Awaitable[Finished]]


async def best_take(compose: ComposeTake, judge: Judge | None, recipe: Recipe, takes: int) -> tuple[Recipe, Finished]:
    """Has a song written so many times at once and keeps the best; the same recipe always ends in the same song.

    Args:
        compose: writes the take of that number; the engine batches them.
        judge: chooses among takes that keep equally many wishes.
        recipe: of the first take. The others have its spec and the takes after it.
        takes: at least 1.

    Returns:
        The recipe that writes the kept take alone, and the take.

    Raises:
        StageFailed: a take could not be written.
    """
    sampling = recipe.sampling
    recipes = [replace(recipe, sampling=replace(sampling, take=take)) for take in range(takes)]
    try:
        async with asyncio.TaskGroup() as tasks:
            writing = [tasks.create_task(_take(compose, one, take)) for take, one in enumerate(recipes)]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    written = [task.result() for task in writing]
    kept = await asyncio.to_thread(best_of, [finished.score for finished in written], recipe.spec, judge)
    log.info("a take was chosen", kept=kept, takes=takes)
    return recipes[kept], written[kept]


async def _take(compose: ComposeTake, recipe: Recipe, take: int) -> Finished:
    return await compose(recipe, take)
