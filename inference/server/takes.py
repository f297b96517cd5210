"""Several takes of one song, written side by side; the one is kept that is most like a real song of its genre."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from inference.critic.takes import seed_of_take
from inference.engine.contract import Finished
from inference.music.recipe import Recipe
from inference.music.score import Score
from inference.music.spec import SongSpec

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

Judge = Callable[[Score, SongSpec], float]
ComposeTake = Callable[[Recipe, int], Awaitable[Finished]]


async def best_take(compose: ComposeTake, judge: Judge, recipe: Recipe, takes: int) -> tuple[Recipe, Finished]:
    """Has a song written so many times at once and keeps the best; the same recipe always ends in the same song.

    Args:
        compose: writes the take of that number; the engine batches them.
        judge: the greater, the better; of equals the first is kept.
        recipe: of the first take. The others have its spec and seeds derived from its own.
        takes: at least 1.

    Returns:
        The recipe that writes the kept take alone, and the take.

    Raises:
        StageFailed: a take could not be written.
    """
    sampling = recipe.sampling
    recipes = [
        replace(recipe, sampling=replace(sampling, seed=seed_of_take(sampling.seed, take))) for take in range(takes)
    ]
    try:
        async with asyncio.TaskGroup() as tasks:
            writing = [tasks.create_task(_take(compose, one, take)) for take, one in enumerate(recipes)]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    written = [task.result() for task in writing]
    merits = await asyncio.to_thread(lambda: [judge(finished.score, recipe.spec) for finished in written])
    kept = max(range(takes), key=merits.__getitem__)
    log.info("a take was chosen", kept=kept, merits=[round(merit, 2) for merit in merits])
    return recipes[kept], written[kept]


async def _take(compose: ComposeTake, recipe: Recipe, take: int) -> Finished:
    return await compose(recipe, take)
