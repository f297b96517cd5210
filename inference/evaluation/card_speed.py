"""The decoding speed of a GPU with all slots taken, and its share of the memory-bandwidth limit."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from inference.engine.cuda.places import bytes_in
from inference.engine.cuda.runner import CardRunner
from inference.engine.sequence import Sequence
from inference.evaluation.card import CardPlan

SLOTS = (1, 16, 64, 256)
TARGET_SLOTS, TARGET_STEPS_S = 64, 100_000
_WARM_UP = 0.25
_COPIED_BYTES = {"cuda": 2**30, "cpu": 2**26}
_COPIES = 5


@dataclass(frozen=True, slots=True)
class CardRow:
    """With `slots` songs in the making all the time.

    Args:
        slots: songs at a time.
        ready_s: seconds until the first song could join: weights, kernels, graphs.
        steps_s: model steps a second over all songs, our bookkeeping included.
        songs_s: songs that were finished a second.
        step_us: a step of all songs, our bookkeeping included.
        alone_us: the same without bookkeeping: the card by itself.
        least_us: reading as many bytes as a step must (weights once, each song's keys and values) at the speed at which
            this card copies memory.
    """

    slots: int
    ready_s: float
    steps_s: float
    songs_s: float
    step_us: float
    alone_us: float
    least_us: float

    @property
    def bandwidth_share(self) -> float:
        """Share of the bandwidth limit that one served step reaches."""
        return self.least_us / self.step_us


def card_row(plan: CardPlan, slots: int, window_s: float) -> CardRow:
    """Measures for `window_s` seconds after a shorter warm-up. Raises CheckpointError, NativeUnavailable."""
    began = time.perf_counter()
    runner = plan.runner(slots)
    ready_s = time.perf_counter() - began
    desk = _Desk(runner, plan.songs())
    desk.work(_WARM_UP * window_s)
    rounds, steps, songs, took_s = desk.work(window_s)
    least_s = _bytes_of_a_step(runner, desk.mean_fed()) / copied_bytes_s(runner.device)
    alone_s = runner.card_s(max(1, min(rounds, 50)))
    times = (took_s / rounds, alone_s, least_s)
    return CardRow(slots, ready_s, steps / took_s, songs / took_s, *(seconds * 1e6 for seconds in times))


class _Desk:
    """Keeps every slot taken."""

    def __init__(self, runner: CardRunner, songs: Iterator[Sequence]) -> None:
        self._runner, self._songs = runner, songs
        self._running: dict[int, Sequence] = {}

    def work(self, seconds: float) -> tuple[int, int, int, float]:
        """Rounds, steps, finished songs and seconds."""
        rounds = finished = ended_fed = 0
        before = self._fed()
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds or not rounds:
            for slot in range(self._runner.slots):
                song = self._running.get(slot)
                if song is None or song.is_finished:
                    finished += song is not None
                    ended_fed += 0 if song is None else song.fed
                    self._join(slot)
            self._runner.step(list(self._running.values()))
            rounds += 1
        return rounds, self._fed() + ended_fed - before, finished, took

    def mean_fed(self) -> float:
        """Steps that each running song has behind it."""
        return self._fed() / max(1, len(self._running))

    def _fed(self) -> int:
        return sum(song.fed for song in self._running.values())

    def _join(self, slot: int) -> None:
        song = self._running[slot] = next(self._songs)
        song.slot = slot
        self._runner.join(song)


def _bytes_of_a_step(runner: CardRunner, fed: float) -> float:
    network, config = runner.network, runner.network.config
    weights = bytes_in([*network.weights.values(), network.start[0], *(weight for weight, _ in network.heads)])
    cache = network.knowing.memory["cache"]
    column = config.layers * 2 * config.kv_heads * config.head_size * cache.element_size()
    return weights + runner.slots * min(fed + 1, config.window) * column


def copied_bytes_s(device: torch.device) -> float:
    """Bytes a second that memory gives, read and written counted, the best of a few copies of a large block."""
    size = _COPIED_BYTES[device.type]
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(_COPIES):
        _wait(device)
        began = time.perf_counter()
        target.copy_(source)
        _wait(device)
        best = max(best, 2 * size / (time.perf_counter() - began))
    return best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
