"""Row 1, bits per note: how well the model predicts real songs."""

from collections.abc import Iterator, Sequence
from math import log

import numpy as np
import torch
from numpy.typing import NDArray

from inference.evaluation.comparison import judged_alone
from inference.evaluation.compose import Tell
from inference.evaluation.estimate import bootstrap, ratio
from inference.evaluation.material import Excerpt
from inference.evaluation.report import Row
from inference.model.example import to_example
from inference.model.inputs import StepInputs
from inference.model.transformer import Composer
from inference.tokens.arrangement import Arrangement
from inference.tokens.encode import encode
from inference.tokens.vocabulary import NONE, VELOCITY_FIELD
from inference.training.batches import Batch, collate
from inference.training.loss import field_losses

_BELOW = 3.0  # bits per note


def bits_rows(model: Composer, excerpts: Sequence[Excerpt], tell: Tell) -> list[Row]:
    """Of the real excerpts, if there are any; `tell` takes lines on how far it is."""
    if not excerpts:
        return []
    bits, notes = [], []
    for number, excerpt in enumerate(excerpts, start=1):
        of_fields, count = excerpt_bits(model, excerpt.arrangement)
        bits.append(of_fields)
        notes.append(count)
        tell(f"bits of {number} of {len(excerpts)} excerpts")
    songs = [excerpt.piece.song for excerpt in excerpts]
    fields, below = np.array(bits), np.array(notes, np.float64)
    whole, silent = (
        bootstrap(np.stack([of_fields.sum(axis=1), below], axis=1), songs, ratio)
        for of_fields in (fields, fields[:, :VELOCITY_FIELD])
    )
    return [
        Row(1, "bits per note of real songs", None, whole),
        judged_alone(
            1,
            "bits per note of real songs, without velocity",
            (None, silent),
            f"< {_BELOW:g}",
            lambda ours: ours.value < _BELOW,
        ),
    ]


def windows(steps: int, window: int) -> Iterator[tuple[int, int, int]]:
    """(first input, end, first target that counts), so that every target counts once.

    The first window is read from its start; later ones count only their second half, so that every target sees the
    whole song before it or at least half a window.
    """
    end = min(steps, window)
    yield 0, end, 0
    while end < steps:
        counted, end = end, min(steps, end + window // 2)
        yield end - window, end, counted


@torch.inference_mode()
def excerpt_bits(model: Composer, arrangement: Arrangement) -> tuple[NDArray[np.float64], int]:
    """Sum of -log2 p of each field over all steps after the prefix, float [5], and the notes they stand for."""
    steps = list(encode(arrangement))
    example = to_example(arrangement, steps, model.config.genres)
    batch = collate([example])
    bits = np.zeros(batch.targets.shape[-1])
    for first, end, counted in windows(len(steps) - 1, model.config.window):
        bits += _window_bits(model, batch, slice(first, end), counted - first)
    return bits, example.notes


def _window_bits(model: Composer, batch: Batch, part: slice, counted: int) -> NDArray[np.float64]:
    inputs = batch.inputs
    cut = StepInputs(
        inputs.fields[:, part], inputs.context[:, part], inputs.content[:, part], inputs.song, inputs.genres
    )
    targets = batch.targets[:, part].clone()
    targets[:, :counted] = NONE
    losses: NDArray[np.float64] = field_losses(model, cut, targets, batch.echo[:, part]).double().numpy()
    return losses / log(2)
