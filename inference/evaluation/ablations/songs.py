"""Short songs of a variant, and how their bars resemble each other beside those of real ones."""

from collections import deque
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inference.engine.sampler import draw
from inference.evaluation.ablations.excerpts import BARS, Excerpt
from inference.evaluation.ablations.variants import Variant
from inference.evaluation.estimate import Estimate
from inference.evaluation.halves import against_halves
from inference.evaluation.structure import bars_of, similarity_curve, structure_error
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.model.transformer import Composer
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.encode import prefix
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.perform import perform
from inference.tokens.vocabulary import END, FIELD_SIZES, HEAD_FIELD, NONE, VALUE_FIELD, Step
from inference.tokens.written import sounding

_SLOTS = 16
_TOP_P = 0.98


class _Song:
    """One being written; a step drawn for it after its end is not taken."""

    def __init__(self, header: Header, variant: Variant) -> None:
        self.header = header
        self.state = variant.state(header)
        self.grammar = Grammar(self.state, Rules())
        self._forced = deque(prefix(header))
        self.take(Step(NONE))

    @property
    def draws(self) -> bool:
        return not self._forced and not self.is_over

    @property
    def is_over(self) -> bool:
        return self.state.last.head == END

    def take(self, drawn: Step) -> None:
        if not self.is_over:
            self.state.push(self._forced.popleft() if self._forced else drawn)


def composed(model: Composer, variant: Variant, headers: Sequence[Header], seed: int) -> list[Arrangement]:
    """A song a header, drawn at temperature 1 under the shipped grammar, which must know the variant's order."""
    random = torch.Generator().manual_seed(seed)
    songs = [_Song(header, variant) for header in headers]
    for first in range(0, len(songs), _SLOTS):
        _write(model.eval(), songs[first : first + _SLOTS], random)
    return [sounding(song.header, tuple(song.state.rows)) for song in songs]


@torch.inference_mode()
def _write(model: Composer, songs: list[_Song], random: torch.Generator) -> None:
    config = model.config
    cache = torch.zeros(config.layers, 2, len(songs), config.kv_heads, config.window, config.head_size)
    header_numbers = torch.tensor([song_numbers(song.header) for song in songs])
    genres = torch.stack([genre_weights(song.header, config.genres) for song in songs])
    taken = 0
    while not all(song.is_over for song in songs):
        inputs = StepInputs(
            torch.tensor([[song.state.last] for song in songs]),
            torch.tensor([[song.state.context()] for song in songs]),
            torch.tensor([[song.state.content] for song in songs]),
            header_numbers,
            genres,
        )
        positions = torch.full((len(songs),), taken)
        taken += 1
        summaries = model.step(inputs, cache, positions, min(taken, config.window))
        for song, step in zip(songs, _drawn(model, summaries, songs, random), strict=True):
            song.take(step)


def _drawn(model: Composer, summaries: Tensor, songs: list[_Song], random: torch.Generator) -> list[Step]:
    """Field by field; songs that draw nothing get what nobody looks at."""
    context = torch.tensor([song.state.context() for song in songs])
    echo = torch.zeros(0)
    chosen: list[list[int]] = [[] for _ in songs]
    state = model.cascade.begin(summaries)
    ones = torch.ones(len(songs), 1)
    for field, size in enumerate(FIELD_SIZES):
        if field == VALUE_FIELD:
            heads = [row[HEAD_FIELD] if song.draws else NONE for row, song in zip(chosen, songs, strict=True)]
            echo = torch.tensor([song.state.echo(head) for head, song in zip(heads, songs, strict=True)])
        if field > HEAD_FIELD:
            state = model.cascade.advance(state, field, torch.tensor([row[-1] for row in chosen]), echo)
        logits = model.cascade.logits_of(field, state, context, echo).float()
        mask = torch.ones(len(songs), size, dtype=torch.bool)
        for number, (row, song) in enumerate(zip(chosen, songs, strict=True)):
            if song.draws:
                mask[number] = torch.from_numpy(song.grammar.mask(field, row))
                leaning = song.grammar.leaning(field, row)
                if leaning is not None:
                    logits[number] += torch.from_numpy(leaning)
        values = draw(logits, mask, ones, _TOP_P * ones, torch.rand(len(songs), 1, generator=random))
        for row, value in zip(chosen, values.tolist(), strict=True):
            row.append(value)
    return [Step(*row) for row in chosen]


def structure_errors(real: Sequence[Excerpt], songs: Sequence[Arrangement], seed: int) -> tuple[Estimate, Estimate]:
    """SE in percent of real excerpts and of songs, both against halves of the real ones.

    Raises:
        ValueError: too few real songs, or none composed.
    """
    arrangements = [*(excerpt.arrangement for excerpt in real), *songs]
    curves = np.array([similarity_curve(bars_of(perform(one), BARS)) for one in arrangements])
    return against_halves(
        lambda half, others: structure_error(curves[half], curves[others]),
        [excerpt.song for excerpt in real],
        len(songs),
        seed,
    )
