"""The material of an evaluation: real excerpts and generated songs of one length, with tracks in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

from inference.evaluation.trouble import CannotEvaluate
from inference.music.score import Score
from inference.music.spec import Player, SongSpec
from inference.tokens.arrangement import Arrangement
from inference.tokens.perform import perform
from inference.training.bands import BARS, Played, played_by
from inference.training.bank import Bank

SPLIT = "test"


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
    """At most so many excerpts of the songs of a genre, played by the band that generated songs have; maybe none."""
    played = played_by(banks, genre, wanted, draw.split, draw.seed)
    return [_excerpt(one) for one in islice(played, draw.count)]


def _excerpt(played: Played) -> Excerpt:
    score = perform(played.arrangement)
    tracks = tuple(score.tracks[player] for player in played.parts)
    return Excerpt(Piece(replace(score, tracks=tracks), played.song), played.arrangement)
