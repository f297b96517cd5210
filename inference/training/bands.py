"""Excerpts of a bank's songs, played by the band that a genre has."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player
from inference.tokens.arrangement import Arrangement
from inference.training.bank import Bank

BARS = 32
_SONGS_A_BANK = 10**9
_GUITARS = (Role.RHYTHM, Role.LEAD)

Bands = Mapping[str, Sequence[Player]]


@dataclass(frozen=True)
class Played:
    """BARS bars of a song in which everybody plays.

    song: excerpts of one song have the same number. parts: which of the arrangement's players takes each part.
    """

    arrangement: Arrangement
    song: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """Where an excerpt is: the slots of its players, and its first bar."""

    bank: int
    song: int
    slots: tuple[int, ...]
    start: int


def played_by(banks: Sequence[Bank], genre: str, wanted: Sequence[Player], split: str, seed: int) -> Iterator[Played]:
    """Excerpts of the 4/4 songs of a genre and a split, played by that band.

    A song takes part if it has enough bars and somebody for each part: the role itself, else the other guitar, else
    any pitched player but a second bass; an excerpt does if each of them plays in it. Every song gives one before any
    gives a second, and none overlaps another; songs that have each role come first.
    """
    rng = random.Random(f"{seed}:{genre}")
    found: list[tuple[int, int, float, _Window]] = []
    for number, bank in enumerate(banks):
        for song in map(int, bank.by_split[split]):
            cast = cast_players(bank.roster(song), wanted)
            if bank.genre(song) != genre or bank.bar_count(song) < BARS or cast is None or bank.meter(song) != Meter():
                continue
            slots, substitutes = cast
            fits, spare = divmod(bank.bar_count(song), BARS)
            first, place = rng.randint(0, spare), rng.random()
            for turn, window in enumerate(rng.sample(range(fits), fits)):
                found.append((turn, substitutes, place, _Window(number, song, slots, first + window * BARS)))
    found.sort(key=lambda entry: entry[:3])
    cut = (_played(banks[window.bank], window) for *_, window in found)
    return (played for played in cut if all(any(player) for player in zip(*played.arrangement.rows, strict=True)))


def cast_players(roster: Sequence[Player], wanted: Sequence[Player]) -> tuple[tuple[int, ...], int] | None:
    """The slot that takes each wanted part, and how many of them are substitutes; None when a part stays empty."""
    taken: dict[int, int] = {}
    substitutes = 0
    for rule in (_same, _guitar, _anybody):
        for part, player in enumerate(wanted):
            free = (slot for slot, other in enumerate(roster) if slot not in taken.values() and rule(other, player))
            slot = next(free, None) if part not in taken else None
            if slot is not None:
                taken[part] = slot
                substitutes += rule is _anybody
    if len(taken) < len(wanted):
        return None
    return tuple(taken[part] for part in range(len(wanted))), substitutes


def _same(player: Player, wanted: Player) -> bool:
    return player.role is wanted.role


def _guitar(player: Player, wanted: Player) -> bool:
    return player.role in _GUITARS and wanted.role in _GUITARS


def _anybody(player: Player, wanted: Player) -> bool:
    rigid = (Role.DRUMS, Role.BASS)
    return player.role not in rigid and wanted.role not in rigid


def _played(bank: Bank, window: _Window) -> Played:
    # The model learnt players in the order of roles, which is the bank's.
    order = tuple(sorted(window.slots))
    arrangement = bank.excerpt(window.song, range(window.start, window.start + BARS), order, 0)
    parts = tuple(order.index(slot) for slot in window.slots)
    return Played(arrangement, window.bank * _SONGS_A_BANK + window.song, parts)
