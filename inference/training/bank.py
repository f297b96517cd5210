"""A bank: many arrangements packed into a few arrays in one file, for random access while training."""

import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.music.measure import density_of, key_of
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.block import Block
from inference.tokens.vocabulary import DRUM_SET, PITCH, Step
from inference.training.corpus import SPLITS, Prepared, Source, Unsuitable, prepare
from inference.training.versions import KnownRuns

_ROLES = tuple(Role)
# 2: songs have a meter.
_VERSION = 2


class _Column(IntEnum):
    """What `Bank.songs` says of a song."""

    GENRE = 0
    SPLIT = 1
    METER = 2  # numerator x 100 + denominator
    TEMPO = 3  # quarters a minute x 100
    FIRST_ROW = 4
    BARS = 5
    FIRST_PLAYER = 6
    PLAYERS = 7


@dataclass(frozen=True)
class Bank:
    """Packed songs. `songs` has a row a song; the other arrays are concatenations it points into.

    songs: int64 [N, 8], see `_Column`.
    hits: uint16 [H, 5] fields of steps; blocks: int64 [B + 1] offsets into hits.
    rows: int32 flat, one entry a (bar, player): block + 1, or 0 for a rest; players: uint8 [P, 2] role, program.
    """

    genres: tuple[str, ...]
    songs: NDArray[np.int64]
    hits: NDArray[np.uint16]
    blocks: NDArray[np.int64]
    rows: NDArray[np.int32]
    players: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.songs)

    @cached_property
    def by_split(self) -> dict[str, NDArray[np.int64]]:
        """Song numbers of each split."""
        return {split: np.flatnonzero(self.songs[:, _Column.SPLIT] == index) for index, split in enumerate(SPLITS)}

    def genre(self, song: int) -> str:
        return self.genres[int(self.songs[song, _Column.GENRE])]

    def bar_count(self, song: int) -> int:
        return int(self.songs[song, _Column.BARS])

    def meter(self, song: int) -> Meter:
        """Of every bar of the song."""
        return Meter(*divmod(int(self.songs[song, _Column.METER]), 100))

    def split(self, song: int) -> str:
        return SPLITS[int(self.songs[song, _Column.SPLIT])]

    def roster(self, song: int) -> tuple[Player, ...]:
        first, count = self.songs[song, [_Column.FIRST_PLAYER, _Column.PLAYERS]]
        return tuple(Player(_ROLES[role], int(program)) for role, program in self.players[first : first + count])

    def block_numbers(self, song: int) -> NDArray[np.int32]:
        """Int32 [bars, players]: the block that each player has in each bar, plus one; 0 for a rest."""
        first, bars, players = (
            int(self.songs[song, column]) for column in (_Column.FIRST_ROW, _Column.BARS, _Column.PLAYERS)
        )
        return self.rows[first : first + bars * players].reshape(bars, players)

    def excerpt(self, song: int, bars: range, slots: tuple[int, ...], transpose: int) -> Arrangement:
        """Some bars and players of a song, transposed by semitones (which the pitches must bear)."""
        matrix = self.block_numbers(song)[bars.start : bars.stop, list(slots)]
        blocks = {int(number): self._block(int(number), transpose) for number in np.unique(matrix) if number}
        rows = tuple(tuple(blocks.get(number) for number in row) for row in matrix.tolist())
        roster = self.roster(song)
        sounding = [block for row in rows for block in row if block]
        header = Header(
            genres=((self.genre(song), 1.0),),
            players=tuple(roster[slot] for slot in slots),
            bars=len(rows),
            tempo=int(self.songs[song, _Column.TEMPO]) / 100,
            key=_key_of(sounding),
            meter=self.meter(song),
            density=density_of(sum(len(block.onsets) for block in sounding), len(sounding)),
            opens=bars.start == 0,
            closes=bars.stop == self.bar_count(song),
        )
        return Arrangement(header, rows)

    def pitch_range(self, song: int) -> tuple[int, int]:
        """Lowest and highest root of the pitched hits; (60, 60) without any."""
        numbers = np.unique(self.block_numbers(song))
        values = [value for number in numbers if number for value in self._values(int(number)) if value < DRUM_SET]
        return (min(values) - PITCH, max(values) - PITCH) if values else (60, 60)

    def _values(self, number: int) -> list[int]:
        column: list[int] = self.hits[self.blocks[number - 1] : self.blocks[number], 1].tolist()
        return column

    def _block(self, number: int, transpose: int) -> Block:
        fields = self.hits[self.blocks[number - 1] : self.blocks[number]].tolist()
        return Block(tuple(Step(*hit) for hit in fields)).transposed(transpose)

    def save(self, path: Path) -> None:
        """Writes a compressed .npz file. Raises OSError."""
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                version=np.array(_VERSION),
                genres=np.array(self.genres),
                songs=self.songs,
                hits=self.hits,
                blocks=self.blocks,
                rows=self.rows,
                players=self.players,
            )

    @classmethod
    def load(cls, path: Path) -> "Bank":
        """Raises OSError, KeyError or ValueError when the file is not a bank."""
        with np.load(path, allow_pickle=False) as arrays:
            genres = tuple(str(name) for name in arrays["genres"])
            version = int(arrays["version"]) if "version" in arrays else 1
            if version > _VERSION:
                raise ValueError(f"a bank of version {version}; I read up to {_VERSION}")
            songs, *others = (arrays[name] for name in ("songs", "hits", "blocks", "rows", "players"))
            if version == 1:
                # Banks were all in 4/4 then, and had the song's key in this column.
                songs[:, _Column.METER] = 404
            return cls(genres, songs, *others)


def _key_of(blocks: list[Block]) -> Key | None:
    """The key of these bars themselves, since that is what a song written to it is measured by; None for drums."""
    weights = [sum(column) for column in zip(*(block.pitch_class_weights for block in blocks), strict=True)]
    return key_of(weights) if any(weights) else None


class _Packer:
    def __init__(self, genres: tuple[str, ...]) -> None:
        self.genres = genres
        self.songs: list[tuple[int, ...]] = []
        self.hits: list[NDArray[np.uint16]] = []
        self.offsets = [0]
        self.rows: list[NDArray[np.int32]] = []
        self.players: list[tuple[int, int]] = []
        self._row_count = 0

    def add(self, source: Source, arrangement: Arrangement) -> None:
        header = arrangement.header
        numbers: dict[tuple[int, Block], int] = {}
        matrix = np.zeros((len(arrangement.rows), len(header.players)), np.int32)
        for bar, row in enumerate(arrangement.rows):
            for slot, block in enumerate(row):
                if block is not None:
                    matrix[bar, slot] = self._number(numbers, slot, block)
        self.songs.append(
            (
                self.genres.index(source.genre),
                SPLITS.index(source.split),
                header.meter.numerator * 100 + header.meter.denominator,
                round(header.tempo * 100),
                self._row_count,
                len(arrangement.rows),
                len(self.players),
                len(header.players),
            )
        )
        self.rows.append(matrix.ravel())
        self._row_count += matrix.size
        self.players += [(_ROLES.index(player.role), player.program) for player in header.players]

    def _number(self, numbers: dict[tuple[int, Block], int], slot: int, block: Block) -> int:
        if (slot, block) not in numbers:
            self.hits.append(np.array(block.hits, np.uint16))
            self.offsets.append(self.offsets[-1] + len(block.hits))
            numbers[slot, block] = len(self.offsets) - 1
        return numbers[slot, block]

    def bank(self) -> Bank:
        return Bank(
            self.genres,
            np.array(self.songs, np.int64).reshape(-1, len(_Column)),
            np.concatenate(self.hits) if self.hits else np.zeros((0, 5), np.uint16),
            np.array(self.offsets, np.int64),
            np.concatenate(self.rows) if self.rows else np.zeros(0, np.int32),
            np.array(self.players, np.uint8).reshape(-1, 2),
        )


class Built(NamedTuple):
    """A bank, how many files were kept and why others were not, and what was mended in kept ones."""

    bank: Bank
    counts: Counter[str]
    mended: Counter[str]


def build_bank(sources: Iterable[Source], processes: int = 1) -> Built:
    """Reads, cleans and packs files.

    Of several versions of a song one is kept: that of the test split, else of the validation split, else the largest
    file, so that nothing held out is trained on.
    """
    sources = list(sources)
    packer = _Packer(tuple(dict.fromkeys(source.genre for source in sources)))
    sources.sort(key=_precedence)
    counts: Counter[str] = Counter()
    mended: Counter[str] = Counter()
    seen: set[int] = set()
    known = KnownRuns()
    for source, outcome in zip(sources, _prepared(sources, processes), strict=True):
        if isinstance(outcome, str):
            counts[outcome] += 1
        elif (content := hash(outcome.arrangement.rows)) in seen:
            counts["the same music as another file"] += 1
        elif known.has_most_of(outcome.runs):
            counts["a version of a song that is kept"] += 1
        else:
            seen.add(content)
            known.add(outcome.runs)
            packer.add(source, outcome.arrangement)
            counts["kept"] += 1
            mended.update(outcome.mended)
    return Built(packer.bank(), counts, mended)


def _precedence(source: Source) -> tuple[int, int, str]:
    try:
        size = source.path.stat().st_size
    except OSError:
        size = 0
    return -SPLITS.index(source.split), -size, str(source.path)


def _prepared(sources: list[Source], processes: int) -> Iterator[Prepared | str]:
    if processes == 1:
        yield from map(_prepare_or_reason, sources)
        return
    with multiprocessing.get_context("spawn").Pool(processes, _ignore_interrupts) as pool:
        yield from pool.imap(_prepare_or_reason, sources, chunksize=16)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that started these ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _prepare_or_reason(source: Source) -> Prepared | str:
    try:
        return prepare(source)
    except Unsuitable as reason:
        return str(reason)
    except OSError:
        return "cannot be opened"
