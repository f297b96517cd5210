"""Draws training examples from a bank: which song, which bars, which players, which key."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from inference.model.example import Example, to_example
from inference.music.program import Role
from inference.music.units import MAX_BARS
from inference.tokens.arrangement import Arrangement
from inference.tokens.encode import encode
from inference.training.bank import Bank

LOWEST_SHIFT, HIGHEST_SHIFT = -5, 6
SHORTEST = 8
_ROLE_WEIGHT = {Role.DRUMS: 12.0, Role.BASS: 10.0, Role.RHYTHM: 7.0, Role.LEAD: 7.0, Role.KEYS: 3.0}


@dataclass(frozen=True, slots=True)
class Habits:
    """How examples are drawn; all but `window` are chances.

    window: most steps an example has. whole_roster: keep every player. longest: excerpts of as many bars as there can
    be. ending: excerpts that run to the song's end. free_order: blocks of a bar in any order. ahead: some of the last
    bars come first, so that the model learns to fill gaps. hide: each of genre and density hidden, for guidance.
    """

    window: int
    whole_roster: float = 0.4
    longest: float = 0.35
    ending: float = 0.3
    free_order: float = 0.3
    ahead: float = 0.12
    hide: float = 0.1


class ExampleStream:
    """An endless stream of examples of one split."""

    def __init__(self, banks: list[Bank], split: str, habits: Habits, genres: tuple[str, ...], seed: int) -> None:
        self._songs = [(bank, int(song)) for bank in banks for song in bank.by_split[split]]
        self._habits = habits
        self._genres = genres
        self._rng = random.Random(seed)
        self._ranges: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._songs)

    def draw(self, weights: dict[str, float]) -> Iterator[Example]:
        """Examples for ever; a song of a genre that `weights` does not name weighs 1."""
        shares = [weights.get(bank.genre(song), 1.0) for bank, song in self._songs]
        while True:
            for index in self._rng.choices(range(len(self._songs)), shares, k=256):
                yield self.example(index)

    def example(self, index: int) -> Example:
        """One example from the song of that number."""
        bank, song = self._songs[index]
        rng, habits = self._rng, self._habits
        slots = self._choose_slots(bank, song)
        shift = self._choose_shift(index)
        count = bank.bar_count(song)
        # Short excerpts as often as long ones: what was asked for matters most where a song begins.
        length = SHORTEST * (MAX_BARS / SHORTEST) ** (1.0 if rng.random() < habits.longest else rng.random())
        bars = min(count, round(length))
        closes = rng.random() < habits.ending
        start = count - bars if closes else rng.choice((0, rng.randint(0, count - bars), rng.randint(0, count - bars)))
        while True:
            arrangement = self._varied(bank.excerpt(song, range(start, start + bars), slots, shift))
            steps = list(encode(arrangement, rng))
            whole = closes or arrangement.header.ahead > 0
            if not whole or len(steps) <= habits.window or bars <= SHORTEST:
                return to_example(arrangement, steps[: habits.window + 1], self._genres)
            bars = max(SHORTEST, bars * habits.window // len(steps) - 1)
            start = count - bars if closes else start

    def _varied(self, arrangement: Arrangement) -> Arrangement:
        rng, habits = self._rng, self._habits
        header = replace(arrangement.header, free_order=rng.random() < habits.free_order)
        if rng.random() < habits.hide:
            header = replace(header, genres=())
        if header.bars >= SHORTEST and rng.random() < habits.ahead:
            header = replace(header, ahead=rng.randint(1, header.bars // 2))
        if rng.random() < habits.hide:
            header = replace(header, density=None)
        return Arrangement(header, arrangement.rows)

    def _choose_slots(self, bank: Bank, song: int) -> tuple[int, ...]:
        roster = bank.roster(song)
        slots = range(len(roster))
        if self._rng.random() < self._habits.whole_roster or len(roster) <= 3:
            return tuple(slots)
        size = self._rng.randint(min(4, len(roster)), min(6, len(roster)))
        # Weighted sampling without replacement (Efraimidis and Spirakis, 2006).
        order = sorted(slots, key=lambda slot: self._rng.random() ** (1 / _ROLE_WEIGHT.get(roster[slot].role, 2.0)))
        return tuple(sorted(order[-size:]))

    def _choose_shift(self, index: int) -> int:
        if index not in self._ranges:
            bank, song = self._songs[index]
            self._ranges[index] = bank.pitch_range(song)
        low, high = self._ranges[index]
        return self._rng.randint(max(LOWEST_SHIFT, -low), max(0, min(HIGHEST_SHIFT, 127 - high)))
