"""Waiting for what has no event to wait for."""

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool], within_s: float = 30.0) -> None:
    """Returns when it is so. Raises TimeoutError when it is not in time, which is long: machines can be busy."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
