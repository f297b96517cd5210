"""The material of an evaluation: real excerpts and generated songs of one length, with tracks in the same order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

from inference.evaluation.trouble import CannotEvaluate
from inference.music.program import Role
from inference.music.score import Meter, Score
from inference.music.spec import Player, SongSpec
from inference.tokens.arrangement import Arrangement
from inference.tokens.perform import perform
from inference.training.bank import Bank

BARS = 32
SPLIT = "test"
_SONGS_A_BANK = 10**9
_GUITARS = (Role.RHYTHM, Role.LEAD)


@dataclass(frozen=True)
class Piece:
    """BARS bars. Track i is played by the i-th player of the genre's roster.

    song: pieces cut from one song have the same number. asked, file: the complete spec and the MIDI file of a generated
    piece.
    """

    score: Score
    song: int
    asked: SongSpec | None = None
    file: bytes = b""


@dataclass(frozen=True)
class Excerpt:
    """A piece of real music and its band code."""

    piece: Piece
    arrangement: Arrangement


@dataclass(frozen=True, slots=True)
class _Window:
    """Where an excerpt is: the slots of its players, and its first bar."""

    bank: int
    song: int
    slots: tuple[int, ...]
    start: int


def load_banks(files: Sequence[Path]) -> list[Bank]:
    """Raises CannotEvaluate when one is missing or damaged."""
    return [_load(file) for file in files]


def _load(file: Path) -> Bank:
    if not file.is_file():
        raise CannotEvaluate(f"there is no bank at {file}; make it with `lnh bank FOLDER {file}`")
    try:
        return Bank.load(file)
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise CannotEvaluate(f"{file} is not a bank, or a damaged one") from error


@dataclass(frozen=True, slots=True)
class Draw:
    """How many excerpts of which split, and the seed of their choice."""

    count: int
    seed: int
    split: str = SPLIT


def real_excerpts(banks: Sequence[Bank], genre: str, wanted: Sequence[Player], draw: Draw) -> list[Excerpt]:
    """As `excerpts_of`, but at least one.

    Raises:
        CannotEvaluate: no song takes part.
    """
    excerpts = excerpts_of(banks, genre, wanted, draw)
    if not excerpts:
        raise CannotEvaluate(
            f"the banks hold no {draw.split} song of genre {genre} with {BARS} bars in 4/4 "
            f"and {len(wanted)} players to fit"
        )
    return excerpts


def excerpts_of(banks: Sequence[Bank], genre: str, wanted: Sequence[Player], draw: Draw) -> list[Excerpt]:
    """At most so many excerpts of the songs of a genre, played by the band that generated songs have; maybe none.

    A song takes part if it has enough bars and somebody for each part: the role itself, else the other guitar, else
    any pitched player but a second bass; an excerpt does if each of them plays in it. Every song gives one before any
    gives a second, and none overlaps another; songs that have each role come first.
    """
    rng = random.Random(f"{draw.seed}:{genre}")
    found: list[tuple[int, int, float, _Window]] = []
    for number, bank in enumerate(banks):
        for song in map(int, bank.by_split[draw.split]):
            cast = cast_players(bank.roster(song), wanted)
            if bank.genre(song) != genre or bank.bar_count(song) < BARS or cast is None or bank.meter(song) != Meter():
                continue
            slots, substitutes = cast
            fits, spare = divmod(bank.bar_count(song), BARS)
            first, place = rng.randint(0, spare), rng.random()
            for turn, window in enumerate(rng.sample(range(fits), fits)):
                found.append((turn, substitutes, place, _Window(number, song, slots, first + window * BARS)))
    found.sort(key=lambda entry: entry[:3])
    cut = (_excerpt(banks[window.bank], window) for *_, window in found)
    return list(islice((excerpt for excerpt in cut if _everybody_plays(excerpt.piece.score)), draw.count))


def _everybody_plays(score: Score) -> bool:
    return all(track.notes for track in score.tracks)


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


def _excerpt(bank: Bank, window: _Window) -> Excerpt:
    # The model learnt players in the order of roles, which is the bank's.
    order = tuple(sorted(window.slots))
    arrangement = bank.excerpt(window.song, range(window.start, window.start + BARS), order, 0)
    score = perform(arrangement)
    tracks = tuple(score.tracks[order.index(slot)] for slot in window.slots)
    song = window.bank * _SONGS_A_BANK + window.song
    return Excerpt(Piece(replace(score, tracks=tracks), song), arrangement)
