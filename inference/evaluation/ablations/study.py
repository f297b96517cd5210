"""Trains a variant for some minutes of processor time and measures it as it goes."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import log
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inference.evaluation.ablations.excerpts import (
    BARS,
    Excerpt,
    Lesson,
    drawn,
    held_out,
    lesson_of,
    together,
    trainable,
)
from inference.evaluation.ablations.songs import composed, structure_errors
from inference.evaluation.ablations.variants import SIZES, VARIANTS
from inference.evaluation.compose import Tell
from inference.evaluation.estimate import Estimate
from inference.evaluation.trouble import CannotEvaluate
from inference.tokens.arrangement import COMMON_TIME
from inference.tokens.vocabulary import NONE
from inference.training.bank import Bank
from inference.training.files import written_whole
from inference.training.loss import field_losses
from inference.training.optimise import Optimisers
from inference.training.settings import TrainSettings

POINTS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)
_BATCH = 8
_REAL = 96  # excerpts to compare with
_WARM_UP = 15
_WEIGHTS = {"metal": 4.0, "nu-metal": 2.0, "hard-rock": 2.0}


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Args:
        variant, size: names of VARIANTS and SIZES.
        minutes: of processor time that the updates may take; a finished run goes on when they are raised.
        measured_on: genres, each with `excerpts` excerpts of its validation songs.
        pool: batches that are made together, of excerpts of about one length each.
        seed: of the weights and of the excerpts, which are the same for every variant.
    """

    variant: str
    size: str
    minutes: float
    measured_on: tuple[str, ...] = ("metal", "rock")
    excerpts: int = 48
    pool: int = 8
    seed: int = 2016


class Study:
    """A run on a bank's training and validation songs, in a folder; made again, it goes on.

    The clock is that of the process and counts updates only, not the making of examples nor the measuring: what other
    programs do on the machine does not shorten a run. Rates fall with the root of the time, whatever is planned, so
    that runs can be compared at every minute that both have reached.
    """

    def __init__(self, plan: Plan, bank: Bank, folder: Path, clock: Callable[[], float] = time.process_time) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.bank, self.folder = plan, bank, folder
        self._clock = clock
        self.variant = VARIANTS[plan.variant]
        self.genres = bank.genres
        self.model = self.variant.model(SIZES[plan.size].config(self.genres))
        settings = TrainSettings(
            name=plan.variant,
            minutes=plan.minutes,
            genres=list(self.genres),
            warm_up_updates=_WARM_UP,
            decay_share=1.0,
        )
        self.optimisers = Optimisers(self.model, settings)
        self.processor_s = 0.0
        self.updates = self.steps = self.notes = 0
        self._resume()

    def run(self, tell: Tell) -> None:
        """Trains until the time is over; measures and saves a resumable state at POINTS and at the end.

        Raises:
            CannotEvaluate: the bank has no song to learn from, or none to be measured on.
        """
        valid = {genre: held_out(self.bank, genre, self.plan.excerpts) for genre in self.plan.measured_on}
        for genre, excerpts in valid.items():
            if not excerpts:
                raise CannotEvaluate(f"the bank holds no validation song of genre {genre} with {BARS} bars")
        if not trainable(self.bank):
            raise CannotEvaluate(f"the bank holds no song to learn from with {BARS} bars")
        lessons = {genre: [self._lesson(excerpt) for excerpt in excerpts] for genre, excerpts in valid.items()}
        songs = {f"songs {genre}": np.array([excerpt.song for excerpt in valid[genre]]) for genre in valid}
        ends = sorted({*(point for point in POINTS if point < self.plan.minutes), self.plan.minutes})
        batches = self._batches()
        for minutes in ends:
            if self.processor_s >= minutes * 60:
                continue
            while self.processor_s < minutes * 60:
                self._update(next(batches))
            self.save()
            bits = self.measure(lessons, tell)
            np.savez(self.folder / f"bits-{minutes:g}.npz", **bits, **songs)  # type: ignore[arg-type]  # a flag, by its stub

    def structure_error(self, genre: str, songs: int) -> tuple[Estimate, Estimate]:
        """SE in percent of real excerpts of a genre and of as many songs (at most `songs`) with their headers.

        Raises:
            CannotEvaluate: the grammar does not know this variant's order, or there are too few real excerpts in 4/4.
        """
        if not self.variant.composes:
            raise CannotEvaluate(f"songs in the order of {self.plan.variant} cannot be composed")
        excerpts = held_out(self.bank, genre, max(songs, _REAL))
        real = [excerpt for excerpt in excerpts if excerpt.arrangement.header.meter == COMMON_TIME]
        headers = [excerpt.arrangement.header for excerpt in real[:songs]]
        try:
            return structure_errors(real, composed(self.model, self.variant, headers, self.plan.seed), self.plan.seed)
        except ValueError as error:
            raise CannotEvaluate(f"too few songs of genre {genre} to compare with: {error}") from error

    def measure(self, lessons: dict[str, list[Lesson]], tell: Tell) -> dict[str, NDArray[np.float64]]:
        """Notes and tells bits per note; float [excerpts, 6] a genre: bits of each field, and notes."""
        self.model.eval()
        found = {}
        for genre, ones in lessons.items():
            found[genre] = np.array([[*excerpt_bits(self, lesson), lesson.notes] for lesson in ones])
            *bits, notes = found[genre].sum(axis=0)
            means = {"bits": sum(bits) / notes, "bits_without_velocity": sum(bits[:4]) / notes}
            self._note(genre, means)
            told = f"{means['bits']:.3f} bits a note, {means['bits_without_velocity']:.3f} without velocity"
            tell(f"{self.plan.variant}, {self.plan.size}, {self.processor_s / 60:.1f} min: {genre} {told}")
        self.model.train()
        return found

    def save(self) -> None:
        """Writes the state to resume from."""
        counts = {"processor_s": self.processor_s, "updates": self.updates, "steps": self.steps, "notes": self.notes}
        state = {"model": self.model.state_dict(), "optimisers": self.optimisers.state_dict(), "counts": counts}
        with written_whole(self._state_path) as partial:
            torch.save(state, partial)

    @property
    def _state_path(self) -> Path:
        return self.folder / "state.pt"

    def _resume(self) -> None:
        if not self._state_path.exists():
            return
        state = torch.load(self._state_path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimisers.load_state_dict(state["optimisers"])
        self.processor_s = state["counts"]["processor_s"]
        self.updates, self.steps, self.notes = (state["counts"][name] for name in ("updates", "steps", "notes"))

    def _batches(self) -> Iterator[Lesson]:
        """Batches of excerpts of about one length, from pools that depend on nothing but the seed."""
        while True:
            pool, done = divmod(self.updates, self.plan.pool)
            rng = random.Random(f"{self.plan.seed}:{pool}")
            excerpts = islice(drawn(self.bank, _WEIGHTS, rng), self.plan.pool * _BATCH)
            lessons = sorted((self._lesson(excerpt) for excerpt in excerpts), key=len)
            batches = [lessons[first : first + _BATCH] for first in range(0, len(lessons), _BATCH)]
            rng.shuffle(batches)
            for batch in batches[done:]:
                yield together(batch)

    def _lesson(self, excerpt: Excerpt) -> Lesson:
        return lesson_of(excerpt.arrangement, self.variant, self.genres)

    def _update(self, batch: Lesson) -> None:
        began = self._clock()
        rate = (1 + self.processor_s / 60) ** -0.5
        self.optimisers.set_rates(1 - rate, self.updates)
        count = int((batch.targets[..., 0] != NONE).sum())
        with torch.autocast("cpu", torch.bfloat16):
            loss = field_losses(self.model, batch.inputs, batch.targets, batch.echo).sum() / count
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimisers.step()
        self.processor_s += self._clock() - began
        self.updates += 1
        self.steps += count
        self.notes += batch.notes
        if self.updates % 20 == 0:
            self._note("train", {"loss": loss.item()})

    def _note(self, event: str, values: dict[str, float]) -> None:
        rounded = {name: round(float(value), 4) for name, value in values.items()}
        place = {"minutes": round(self.processor_s / 60, 2), "updates": self.updates, "steps": self.steps}
        entry = {"event": event, **place, "notes": self.notes, **rounded}
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry) + "\n")


@torch.no_grad()
def excerpt_bits(study: Study, lesson: Lesson) -> NDArray[np.float64]:
    """Sum of -log2 p of each field over all steps after the prefix: float [5]."""
    one = together([lesson])
    with torch.autocast("cpu", torch.bfloat16):
        losses = field_losses(study.model, one.inputs, one.targets, one.echo)
    bits: NDArray[np.float64] = losses.double().numpy() / log(2)
    return bits
