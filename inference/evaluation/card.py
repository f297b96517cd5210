"""Checks a CUDA GPU against the CPU reference: it must compose the same notes."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from inference.engine.batch import BatchRunner
from inference.engine.contract import ComposeJob
from inference.engine.cuda.runner import CardRunner, kernels_of
from inference.engine.runner import Runner
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.model.checkpoint import load_checkpoint
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.model.transformer import Composer
from inference.music.genre import load_catalogue
from inference.music.spec import SamplingParams, SongSpec
from inference.tokens.grammar import Rules
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, POSITION, VALUE_FIELD, Step

# What bfloat16 in the trunk may change in a summary, whose numbers are about one; rounding alone in float32.
MOST_HALF, MEAN_HALF = 0.25, 0.02
MOST_SINGLE = 0.01
_SONGS, _SCHEDULES = 6, 3
_LEAST_SAME = 0.5
_JOINS, _GIVES_UP = 0.05, 0.0005  # chances at each step


@dataclass(frozen=True, slots=True)
class CardPlan:
    """The weights, the songs and the device (`cuda`; `cpu` runs the same without graphs)."""

    checkpoint: Path
    genres: Path
    spec: SongSpec
    device: str = "cuda"

    def runner(self, slots: int, *, half: bool | None = None) -> CardRunner:
        """One with the weights. Raises CheckpointError, NativeUnavailable."""
        device = torch.device(self.device)
        return CardRunner(load_checkpoint(self.checkpoint), slots, device, kernels=kernels_of(device, half=half))

    def songs(self) -> Iterator[Sequence]:
        """New ones without end, always the same."""
        catalogue = load_catalogue(self.genres)
        for number in count():
            job = ComposeJob(f"bench-{number}", catalogue.complete(self.spec, number), SamplingParams(number))
            yield Sequence(job, lambda event: None, Rules())

    def song(self, number: int) -> Sequence:
        """That one of them, not yet begun."""
        job = ComposeJob(
            f"bench-{number}",
            load_catalogue(self.genres).complete(self.spec, number),
            SamplingParams(number, guidance=(1.0, 1.0, 2.0)[number % 3]),
        )
        return Sequence(job, lambda event: None, Rules())


@dataclass(frozen=True, slots=True)
class CardCheck:
    """A promise, whether it was kept, and what was seen."""

    promise: str
    kept: bool
    seen: str


def card_checks(plan: CardPlan, slots: int = 16) -> list[CardCheck]:
    """Against the reference: torch in float32 on the processor.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        NativeUnavailable: there is no card.
    """
    model = load_checkpoint(plan.checkpoint)
    reference, half = Runner(model, 1, torch.device("cpu")), plan.runner(slots, half=True)
    songs = [_written(reference, plan.song(number), 0) for number in range(_SONGS)]
    expected = [_expected(model, plan.song(number), steps) for number, steps in enumerate(songs)]
    single = _apart(plan.runner(1, half=False), plan, songs, expected)
    halved = _apart(half, plan, songs, expected)
    alone = [_written(half, plan.song(number), number % slots) for number in range(_SONGS)]
    exact = plan.runner(slots, half=False)
    same = sum(_written(exact, plan.song(number), 1) == song for number, song in enumerate(songs))
    together = sum(_together(half, plan, schedule) == alone for schedule in range(_SCHEDULES))
    obeyed = sum(_is_allowed(plan.song(number), steps) for number, steps in enumerate(alone))
    return [
        CardCheck(
            "the trunk in float32 says what the reference says",
            float(single.max()) < MOST_SINGLE,
            f"at most {single.max():.2g} apart",
        ),
        CardCheck(
            "the trunk in bfloat16 says nearly the same",
            float(halved.max()) < MOST_HALF and float(halved.mean()) < MEAN_HALF,
            f"at most {halved.max():.2g}, on average {halved.mean():.2g} apart",
        ),
        CardCheck(
            "in float32 most songs are the reference's, step for step",
            same >= _LEAST_SAME * _SONGS,
            f"{same} of {_SONGS}",
        ),
        CardCheck("every step is one the grammar allows", obeyed == _SONGS, f"{obeyed} of {_SONGS} songs"),
        CardCheck(
            "songs in company, at any slot, are the songs alone",
            together == _SCHEDULES,
            f"{together} of {_SCHEDULES} times",
        ),
    ]


def _written(runner: BatchRunner, song: Sequence, slot: int) -> list[Step]:
    steps: list[Step] = []
    _follow(runner, song, slot, lambda: steps.append(song.step))
    return steps


def _follow(runner: BatchRunner, song: Sequence, slot: int, tell: Callable[[], None]) -> None:
    """Writes a song that has the runner to itself; `tell` is called after each of its steps."""
    song.slot = slot
    runner.join(song)
    while not song.is_finished:
        before = song.fed
        runner.step([song])
        if song.fed > before:
            tell()


def _apart(runner: CardRunner, plan: CardPlan, songs: list[list[Step]], expected: list[Tensor]) -> Tensor:
    """How far a runner's summaries are from the expected ones on the very same steps: [all steps, 2C]."""
    seen = [_summaries(runner, plan.song(number), steps) for number, steps in enumerate(songs)]
    return (torch.cat(seen) - torch.cat(expected)).abs()


@torch.inference_mode()
def _expected(model: Composer, song: Sequence, steps: list[Step]) -> Tensor:
    """Summaries of all steps at once: [steps, 2C]."""
    shown = []
    for step in steps:
        shown.append((song.step, song.state.context(), song.state.content))
        song.advance(step)
    fields, context, content = (torch.tensor([[row[part] for row in shown]]) for part in range(3))
    numbers, genres = torch.tensor([song_numbers(song.header)]), genre_weights(song.header, model.config.genres)
    summaries: Tensor = model(StepInputs(fields, context, content, numbers, genres[None]))[0]
    return summaries


def _summaries(runner: CardRunner, song: Sequence, steps: list[Step]) -> Tensor:
    song.forced.extend(steps[len(song.forced) :])
    song.slot = 0
    runner.join(song)
    seen = []
    for _ in steps:
        runner.step([song])
        seen.append(runner.summary(0))
    return torch.stack(seen)


def _together(runner: CardRunner, plan: CardPlan, schedule: int) -> list[list[Step]]:
    """The songs, joining at random moments at whatever slot is free; some are given up and begun again."""
    chance, scheduler = random.Random(schedule), Scheduler(runner.slots)
    coming = list(range(_SONGS))
    chance.shuffle(coming)
    begun: dict[int, tuple[Sequence, int, list[Step]]] = {}
    written: dict[int, list[Step]] = {}
    while len(written) < _SONGS:
        if coming and (chance.random() < _JOINS or not scheduler.has_work):
            number = coming.pop()
            song = plan.song(number)
            begun[id(song)] = song, number, []
            scheduler.add(song)
        for song in scheduler.admit():
            runner.join(song)
        running = scheduler.running
        before = [song.fed for song in running]
        runner.step(running)
        for song, fed in zip(running, before, strict=True):
            _, number, steps = begun[id(song)]
            steps.extend([song.step] * (song.fed - fed))
            if song.is_finished:
                written[number] = steps
            elif chance.random() < _GIVES_UP:
                coming.insert(0, number)
            else:
                continue
            scheduler.release(song)
    return [written[number] for number in range(_SONGS)]


def _is_allowed(song: Sequence, steps: list[Step]) -> bool:
    """Whether the grammar would have let all of them be drawn."""
    for step in steps:
        if song.draws:
            fields = range(len(FIELD_SIZES) if step[HEAD_FIELD] >= POSITION else VALUE_FIELD + 1)
            masks = ((field, song.grammar.mask(field, list(step))) for field in fields)
            if not all(np.asarray(mask)[step[field]] for field, mask in masks):
                return False
        song.advance(step)
    return song.is_finished
