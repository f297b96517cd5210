"""The excerpts that all variants are trained and measured on, and their encoding by a variant."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from inference.evaluation.ablations.codes import written_out_length
from inference.evaluation.ablations.variants import Variant
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.tokens.arrangement import Arrangement
from inference.tokens.state import ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES, NONE
from inference.training.bank import Bank

BARS = 16
PLAYERS = 6
LONGEST = 1024  # steps without any repeat: so that every variant sees an excerpt from its first step to its last


class Excerpt(NamedTuple):
    """BARS bars of a song; excerpts of one song have the same number."""

    song: int
    arrangement: Arrangement


def drawn(bank: Bank, weights: dict[str, float], rng: random.Random) -> Iterator[Excerpt]:
    """Endless excerpts of training songs; songs of a genre that is not in `weights` have weight 1."""
    songs = trainable(bank)
    shares = [weights.get(bank.genre(song), 1.0) for song in songs]
    while True:
        yield from _cut(bank, rng.choices(songs, shares, k=64), rng)


def held_out(bank: Bank, genre: str, count: int) -> list[Excerpt]:
    """The same excerpts each time, at most `count`, of validation songs in turn."""
    songs = [song for song in _long_enough(bank, "valid") if bank.genre(song) == genre]
    rounds = 2 * -(-count // max(1, len(songs)))
    return list(_cut(bank, songs * rounds, random.Random(genre)))[:count]


def trainable(bank: Bank) -> list[int]:
    """Training songs that give excerpts."""
    return _long_enough(bank, "train")


def _long_enough(bank: Bank, split: str) -> list[int]:
    return [song for song in map(int, bank.by_split[split]) if bank.bar_count(song) >= BARS]


def _cut(bank: Bank, songs: Sequence[int], rng: random.Random) -> Iterator[Excerpt]:
    """One excerpt a song, unless it is too long."""
    for song in songs:
        count = len(bank.roster(song))
        slots = tuple(sorted(rng.sample(range(count), min(count, PLAYERS))))
        start = rng.randint(0, bank.bar_count(song) - BARS)
        arrangement = bank.excerpt(song, range(start, start + BARS), slots, 0)
        if any(map(any, arrangement.rows)) and written_out_length(arrangement) <= LONGEST:
            yield Excerpt(song, arrangement)


@dataclass(frozen=True)
class Lesson:
    """An excerpt as a variant sees it: T steps (inputs without a batch dimension), and what should follow each.

    targets: int64 [T, 5], NONE heads do not count; echo: int64 [T, 6]; notes: that the steps stand for.
    """

    inputs: StepInputs
    targets: Tensor
    echo: Tensor
    notes: int

    def __len__(self) -> int:
        return len(self.targets)


def lesson_of(arrangement: Arrangement, variant: Variant, genres: tuple[str, ...]) -> Lesson:
    """What is shown and asked; the prefix is not asked for."""
    header = arrangement.header
    steps = list(variant.steps(variant.state(header), arrangement))
    state = variant.state(header)
    context, content, echo, targets = [], [], [], []
    for at, (step, following) in enumerate(pairwise(steps)):
        state.push(step)
        asked = at >= len(header.players)
        context.append(state.context())
        content.append(state.content)
        echo.append(state.echo(following.head) if asked else (0,) * len(ECHO_SIZES))
        targets.append(following if asked else (NONE,) * len(FIELD_SIZES))
    inputs = StepInputs(
        torch.tensor(steps[:-1]),
        torch.tensor(context),
        torch.tensor(content),
        torch.tensor(song_numbers(header)),
        genre_weights(header, genres),
    )
    notes = sum(block.note_count for row in arrangement.rows for block in row if block is not None)
    return Lesson(inputs, torch.tensor(targets), torch.tensor(echo), notes)


def together(lessons: Sequence[Lesson]) -> Lesson:
    """Several lessons as one batch, padded at the end with steps that do not count."""

    def padded(name: str) -> Tensor:
        return pad_sequence([getattr(lesson.inputs, name) for lesson in lessons], batch_first=True)

    def stacked(name: str) -> Tensor:
        return torch.stack([getattr(lesson.inputs, name) for lesson in lessons])

    inputs = StepInputs(padded("fields"), padded("context"), padded("content"), stacked("song"), stacked("genres"))
    return Lesson(
        inputs,
        pad_sequence([lesson.targets for lesson in lessons], batch_first=True),
        pad_sequence([lesson.echo for lesson in lessons], batch_first=True),
        sum(lesson.notes for lesson in lessons),
    )
