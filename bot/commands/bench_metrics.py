"""Reads the /metrics of the service while it is measured."""

import asyncio
from collections.abc import Sequence
from math import inf
from typing import Self

import aiohttp
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.commands.trouble import CommandTrouble

_LAG = "lnh_event_loop_lag_seconds"
_RESIDENT = "process_resident_memory_bytes"
_WAIT_S, _MOST_WAITS = 0.05, 100  # for a look; the service takes ten a second


async def families(url: str) -> dict[str, Metric]:
    """Every metric of the service at `url`, by name."""
    async with aiohttp.request("GET", f"{url}/metrics") as answer:
        return {family.name: family for family in text_string_to_metric_families(await answer.text())}


async def resident_bytes(url: str) -> float | None:
    """Memory of the service's process; None where the system does not tell."""
    family = (await families(url)).get(_RESIDENT)
    return None if family is None else float(family.samples[0].value)


class LatenessMeter:
    """How late the service's event loop got to a timer within the block, or right after a short one; ask after it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._counts: dict[float, float] = {}

    async def __aenter__(self) -> Self:
        self._counts = await self._buckets()
        return self

    async def __aexit__(self, *_: object) -> None:
        before, waits = self._counts, _MOST_WAITS
        self._counts = await self._since(before)
        while not self.count and waits:  # the block was shorter than the time between two looks
            await asyncio.sleep(_WAIT_S)
            self._counts, waits = await self._since(before), waits - 1

    @property
    def count(self) -> int:
        """How often the service looked."""
        return int(max(self._counts.values(), default=0.0))

    def quantiles_ms(self, shares: Sequence[float]) -> list[float]:
        """For each share the milliseconds that so many looks were late at most, on a straight line between two bounds.

        Raises:
            CommandTrouble: the service looked at nothing.
        """
        if not self.count:
            raise CommandTrouble("the service measured no lateness of its event loop")
        return [1000 * self._quantile(share * self.count) for share in shares]

    def _quantile(self, rank: float) -> float:
        below, before = 0.0, 0.0
        for bound, count in sorted(self._counts.items()):
            if count >= rank:
                return below if bound == inf else below + (bound - below) * (rank - before) / (count - before)
            below, before = bound, count
        return below

    async def _since(self, before: dict[float, float]) -> dict[float, float]:
        return {bound: count - before.get(bound, 0.0) for bound, count in (await self._buckets()).items()}

    async def _buckets(self) -> dict[float, float]:
        samples = (await families(self._url))[_LAG].samples
        return {float(one.labels["le"]): one.value for one in samples if one.name.endswith("_bucket")}
