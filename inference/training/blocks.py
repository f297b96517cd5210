"""Draws blocks from banks: what players play in a bar, for the auto-encoder to learn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inference.latent.hits import Hits
from inference.tokens.vocabulary import DRUM_SET, PITCH
from inference.training.bank import Bank
from inference.training.sampling import HIGHEST_SHIFT, LOWEST_SHIFT


@dataclass(frozen=True)
class _Pool:
    """Blocks of some songs: where their hits start, how many, and the running sum of their weights."""

    hits: NDArray[np.uint16]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    weights: NDArray[np.float64]


class BlockStream:
    """Batches of blocks of one split, drawn by the weight of their song's genre; every song counts alike."""

    def __init__(self, banks: Sequence[Bank], split: str, weights: dict[str, float], seed: int) -> None:
        self._pools = [_pool(bank, split, weights) for bank in banks]
        self._shares = np.array([pool.weights[-1] if len(pool.weights) else 0.0 for pool in self._pools])
        self._chance = np.random.default_rng(seed)

    @property
    def is_empty(self) -> bool:
        return not self._shares.sum()

    def draw(self, count: int) -> Iterator[Hits]:
        """Batches of `count` blocks, each in a key of its own, for ever."""
        while True:
            of_each = self._chance.multinomial(count, self._shares / self._shares.sum())
            drawn = [self._drawn(pool, number) for pool, number in zip(self._pools, of_each, strict=True) if number]
            fields = np.concatenate([hits for hits, _ in drawn])
            lengths = np.concatenate([length for _, length in drawn])
            owner = np.repeat(np.arange(count), lengths)
            fields[:, 1] = self._transposed(fields[:, 1], owner, count)
            yield Hits(torch.from_numpy(fields), torch.from_numpy(owner), count)

    def _drawn(self, pool: _Pool, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        chosen = np.searchsorted(pool.weights, self._chance.random(count) * pool.weights[-1], side="right")
        length = pool.length[chosen]
        first = np.repeat(pool.start[chosen], length)
        return pool.hits[first + _counted(length)].astype(np.int64), length

    def _transposed(self, value: NDArray[np.int64], owner: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        shift = self._chance.integers(LOWEST_SHIFT, HIGHEST_SHIFT + 1, count)[owner]
        is_pitch = (value >= PITCH) & (value < DRUM_SET)
        return np.where(is_pitch, np.clip(value + shift, PITCH, DRUM_SET - 1), value)


def _pool(bank: Bank, split: str, weights: dict[str, float]) -> _Pool:
    of_block = np.zeros(len(bank.blocks) - 1)
    for song in bank.by_split[split].tolist():
        numbers = np.unique(bank.block_numbers(song))
        numbers = numbers[numbers > 0] - 1
        of_block[numbers] = weights.get(bank.genre(song), 1.0) / max(1, len(numbers))
    return _Pool(bank.hits, bank.blocks[:-1], np.diff(bank.blocks), np.cumsum(of_block))


def _counted(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... for each of some lengths, one after another."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
