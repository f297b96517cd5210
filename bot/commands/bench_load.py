"""Measures a service under load: many clients, Poisson arrivals, and its own metrics meanwhile."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import mean
from typing import Any, Self

from bot.commands.bench_metrics import LatenessMeter, resident_bytes
from bot.commands.bench_songs import MIDI_ONLY, Delivered, open_service, play
from inference.api import FileFormat, SongBody

WITH_MP3 = [FileFormat.MIDI, FileFormat.MP3]
LOADS = {"0.7x": 0.7, "2x": 2.0, "saturated": None}  # of what one song at a time can bear; None: all at once
_DEADLINE_S = 3600.0
_MEASURED_ALONE = 4
_SEED = 1

Tell = Callable[[str], None]


CLIENTS = (1, 4, 16, 64)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What is sent: `arrivals` songs of `bars` bars for each load, and one song by each of so many clients at once."""

    genre: str = "metal"
    bars: int = 32
    arrivals: int = 16
    clients: tuple[int, ...] = CLIENTS


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of values that were really measured (nearest rank), all in the values' own unit."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Raises IndexError without any value."""
        ordered = sorted(values)
        p50, p95, p99 = (ordered[ceil(share * len(ordered)) - 1] for share in (0.50, 0.95, 0.99))
        return cls(len(ordered), p50, p95, p99)


@dataclass(frozen=True, slots=True)
class ClientTimes:
    """Seconds from POST until the file is here, with `clients` songs asked for at once."""

    clients: int
    midi_s: Percentiles
    mp3_s: Percentiles


@dataclass(frozen=True, slots=True)
class QueueTimes:
    """Songs that came one after the other: mean seconds from POST to MIDI, and how many a second left the service."""

    latency_s: float
    songs_per_s: float


@dataclass(frozen=True, slots=True)
class BatchingGain:
    """The same arrivals at a service of one slot and at the one that is measured."""

    load: str
    one: QueueTimes
    batched: QueueTimes

    @property
    def latency_ratio(self) -> float:
        return self.batched.latency_s / self.one.latency_s

    @property
    def throughput_ratio(self) -> float:
        return self.batched.songs_per_s / self.one.songs_per_s


@dataclass(frozen=True, slots=True)
class LoadTimes:
    """Everything measured under load.

    Args:
        plan: what was sent.
        clients: end to end, by number of clients.
        gains: batching against one at a time, by load.
        loop_late_ms: how late the service's event loop got to a timer while the clients were served.
        slot_mib: what the service's process has more of than one with a single slot, for each further slot, after the
            same songs; None where the system does not tell or there is but one slot.
    """

    plan: LoadPlan
    clients: tuple[ClientTimes, ...]
    gains: tuple[BatchingGain, ...]
    loop_late_ms: Percentiles
    slot_mib: float | None

    def to_dict(self) -> dict[str, Any]:
        gains = [
            asdict(gain) | {"latency_ratio": gain.latency_ratio, "throughput_ratio": gain.throughput_ratio}
            for gain in self.gains
        ]
        return asdict(self) | {"gains": gains}


async def load_times(url: str, one_url: str, slots: int, plan: LoadPlan, tell: Tell) -> LoadTimes:
    """Loads the service at `url`, which has `slots` slots, and the one at `one_url`, which has one.

    Raises:
        CommandTrouble, LnhError: a song was not made.
    """
    tell("Poisson arrivals, one song at a time")
    alone_s = await _alone_s(one_url, plan)
    one = [await _arrive(one_url, plan, load, alone_s) for load in LOADS.values()]
    await _alone_s(url, plan)
    batched = []
    for name, load in LOADS.items():
        tell(f"Poisson arrivals, {name}")
        batched.append(await _arrive(url, plan, load, alone_s))
    gains = tuple(BatchingGain(name, *pair) for name, *pair in zip(LOADS, one, batched, strict=True))
    more = await _more_bytes(url, one_url)
    clients = []
    async with LatenessMeter(url) as lateness:
        for number in plan.clients:
            tell(f"{number} clients at once")
            clients.append(await _together(url, plan, number))
    late_ms = Percentiles(lateness.count, *lateness.quantiles_ms((0.50, 0.95, 0.99)))
    slot_mib = None if more is None or slots == 1 else more / (slots - 1) / 2**20
    return LoadTimes(plan, tuple(clients), gains, late_ms, slot_mib)


async def _alone_s(url: str, plan: LoadPlan) -> float:
    """Mean seconds of a song that has the service to itself; the first one warms it up."""
    async with open_service(url) as service:
        songs = [await play(service, _body(plan, number, MIDI_ONLY)) for number in range(_MEASURED_ALONE + 1)]
    return mean(song.midi_s for song in songs[1:])


async def _arrive(url: str, plan: LoadPlan, load: float | None, alone_s: float) -> QueueTimes:
    """Songs come at `load` times the rate that one at a time can bear; the same songs and gaps for every service."""
    chance = random.Random(_SEED)
    async with open_service(url) as service:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            songs: list[asyncio.Task[Delivered]] = []
            for number in range(plan.arrivals):
                songs.append(tasks.create_task(play(service, _body(plan, number, MIDI_ONLY))))
                if load is not None:
                    await asyncio.sleep(chance.expovariate(load / alone_s))
        took_s = time.perf_counter() - began
    return QueueTimes(mean(song.result().midi_s for song in songs), plan.arrivals / took_s)


async def _together(url: str, plan: LoadPlan, clients: int) -> ClientTimes:
    async with open_service(url) as service, asyncio.TaskGroup() as tasks:
        songs = [tasks.create_task(play(service, _body(plan, number, WITH_MP3))) for number in range(clients)]
    delivered = [song.result() for song in songs]
    midi_s = Percentiles.of([song.midi_s for song in delivered])
    return ClientTimes(clients, midi_s, Percentiles.of([song.all_s for song in delivered]))


async def _more_bytes(url: str, one_url: str) -> float | None:
    here, there = await resident_bytes(url), await resident_bytes(one_url)
    return None if here is None or there is None else here - there


def _body(plan: LoadPlan, number: int, formats: list[FileFormat]) -> SongBody:
    return SongBody(
        genre=plan.genre,
        bars=plan.bars,
        seed=number,
        seed_drawn=True,
        formats=formats,
        client=f"bench-{number}",
        deadline_s=_DEADLINE_S,
    )
