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
    """Draws training examples from one split, endlessly."""

    def __init__(self, banks: list[Bank], split: str, habits: Habits, genres: tuple[str, ...], seed: int) -> None:
        self._songs = [(bank, int(song)) for bank in banks for song in bank.by_split[split]]
        self._habits = habits
        self._genres = genres
        self._rng = random.Random(seed)
        self._ranges: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._songs)

    def draw(self, weights: dict[str, float]) -> Iterator[Example]:
        """Endless examples; songs of a genre that is not in `weights` have weight 1."""
        return (self.example(index) for index in self._songs_drawn(weights))

    def excerpts(self, weights: dict[str, float]) -> Iterator[Arrangement]:
        """Endless excerpts as `draw` takes them, before they are encoded and cut to the window."""
        for index in self._songs_drawn(weights):
            bank, song = self._songs[index]
            slots, shift = self._choose_slots(bank, song), self._choose_shift(index)
            bars, _ = self._choose_bars(bank.bar_count(song))
            yield self._varied(bank.excerpt(song, bars, slots, shift))

    def example(self, index: int) -> Example:
        """One example from the song of that number."""
        bank, song = self._songs[index]
        window, count = self._habits.window, bank.bar_count(song)
        slots, shift = self._choose_slots(bank, song), self._choose_shift(index)
        bars, closes = self._choose_bars(count)
        while True:
            arrangement = self._varied(bank.excerpt(song, bars, slots, shift))
            steps = list(encode(arrangement, self._rng))
            whole = closes or arrangement.header.ahead > 0
            if not whole or len(steps) <= window or len(bars) <= SHORTEST:
                return to_example(arrangement, steps[: window + 1], self._genres)
            fewer = max(SHORTEST, len(bars) * window // len(steps) - 1)
            bars = range(count - fewer, count) if closes else range(bars.start, bars.start + fewer)

    def _songs_drawn(self, weights: dict[str, float]) -> Iterator[int]:
        shares = [weights.get(bank.genre(song), 1.0) for bank, song in self._songs]
        while True:
            yield from self._rng.choices(range(len(self._songs)), shares, k=256)

    def _choose_bars(self, count: int) -> tuple[range, bool]:
        """Some of a song's bars, and whether they are to run to its end."""
        rng, habits = self._rng, self._habits
        # Short excerpts as often as long ones: what was asked for matters most where a song begins.
        length = SHORTEST * (MAX_BARS / SHORTEST) ** (1.0 if rng.random() < habits.longest else rng.random())
        bars = min(count, round(length))
        closes = rng.random() < habits.ending
        start = count - bars if closes else rng.choice((0, rng.randint(0, count - bars), rng.randint(0, count - bars)))
        return range(start, start + bars), closes

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
