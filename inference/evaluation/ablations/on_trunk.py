"""Compares heads on the frozen trunk of a trained checkpoint, as full trainings of minutes are too short."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log

import torch
from torch import Tensor
from torch.nn import functional

from inference.evaluation.ablations.excerpts import Excerpt, drawn, held_out, lesson_of, together, trainable
from inference.evaluation.ablations.heads import ParallelHead
from inference.evaluation.ablations.variants import Variant
from inference.evaluation.compose import Tell
from inference.evaluation.trouble import CannotEvaluate
from inference.model.cascade import CascadeHead
from inference.model.transformer import Composer
from inference.tokens.vocabulary import FIELD_SIZES, NONE, VELOCITY_FIELD
from inference.training.bank import Bank

_BATCH = 1024  # steps
_RATE = 3e-3


@dataclass(frozen=True)
class Summaries:
    """What a trunk says before N steps and what they are: float [N, 2C], int64 [N, 10], [N, 6], [N, 5]; their notes."""

    summary: Tensor
    context: Tensor
    echo: Tensor
    targets: Tensor
    notes: int

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """Processor minutes a head, the genre to measure on, how many excerpts to learn from and to measure."""

    minutes: float
    genre: str = "metal"
    learnt: int = 400
    measured: int = 48
    seed: int = 2016


@torch.no_grad()
def summarised(model: Composer, excerpts: Sequence[Excerpt]) -> Summaries:
    """Of all steps of the excerpts that are asked for."""
    parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    notes = 0
    for excerpt in excerpts:
        one = together([lesson_of(excerpt.arrangement, Variant(), model.config.genres)])
        with torch.autocast("cpu", torch.bfloat16):
            summary = model(one.inputs)
        asked = one.targets[0, :, 0] != NONE
        parts.append(
            (summary[0, asked].float(), one.inputs.context[0, asked], one.echo[0, asked], one.targets[0, asked])
        )
        notes += one.notes
    summary, context, echo, targets = (torch.cat(part) for part in zip(*parts, strict=True))
    return Summaries(summary, context, echo, targets, notes)


def head_losses(head: CascadeHead, seen: Summaries, rows: Tensor) -> Tensor:
    """Sum over some rows of -ln p of each field: float [5]."""
    targets = seen.targets[rows]
    logits = head(seen.summary[rows], targets, seen.context[rows], seen.echo[rows])
    return torch.stack(
        [
            functional.cross_entropy(logits[field].float(), targets[:, field], ignore_index=NONE, reduction="sum")
            for field in range(len(FIELD_SIZES))
        ]
    )


def train_head(
    head: CascadeHead, seen: Summaries, minutes: float, clock: Callable[[], float] = time.process_time
) -> int:
    """Trains for some minutes of processor time, the rate falling to nothing; the number of updates."""
    for weight in head.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.02)
    optimiser = torch.optim.AdamW(head.parameters(), lr=_RATE, betas=(0.9, 0.95), weight_decay=0.05)
    began, updates = clock(), 0
    while (share := (clock() - began) / (60 * minutes)) < 1:
        rows = torch.randint(len(seen), (_BATCH,))
        for group in optimiser.param_groups:
            group["lr"] = _RATE * (1 - share)
        (head_losses(head, seen, rows).sum() / _BATCH).backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        updates += 1
    return updates


@torch.no_grad()
def head_bits(head: CascadeHead, seen: Summaries) -> Tensor:
    """Bits a note of each field: float [5]."""
    parts = torch.split(torch.arange(len(seen)), _BATCH)
    return torch.stack([head_losses(head, seen, rows) for rows in parts]).sum(dim=0) / log(2) / seen.notes


def compare_heads(model: Composer, bank: Bank, plan: HeadPlan, tell: Tell) -> None:
    """Tells the bits per note of the checkpoint's own head and of new heads, with and without the cascade.

    Raises:
        CannotEvaluate: the bank has nothing to learn from, or nothing to be measured on.
    """
    excerpts = held_out(bank, plan.genre, plan.measured)
    if not excerpts or not trainable(bank):
        raise CannotEvaluate(f"the bank holds no song of genre {plan.genre} to be measured on, or none to learn from")
    learnt = summarised(model, list(islice(drawn(bank, {plan.genre: 4.0}, random.Random(plan.seed)), plan.learnt)))
    measured = summarised(model, excerpts)
    heads: dict[str, CascadeHead] = {"the checkpoint's own": model.cascade}
    for name, make in (("a new cascade", CascadeHead), ("parallel heads", ParallelHead)):
        torch.manual_seed(plan.seed)
        heads[name] = make(model.config)
        train_head(heads[name], learnt, plan.minutes)
    for name, head in heads.items():
        bits = head_bits(head, measured)
        tell(f"{name}: {plan.genre} {bits.sum():.3f} bits a note, {bits[:VELOCITY_FIELD].sum():.3f} without velocity")
