"""Examples as batches of tensors, made by a process of its own."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from inference.model.inputs import StepInputs
from inference.training.bank import Bank
from inference.training.sampling import Example, ExampleStream, Habits
from inference.training.settings import TrainSettings


@dataclass(frozen=True)
class Batch:
    """B examples; `notes` is the number of notes that the predicted steps stand for."""

    inputs: StepInputs
    targets: Tensor
    echo: Tensor
    notes: int

    def to(self, device: torch.device) -> "Batch":
        parts = self.inputs
        moved = StepInputs(*(part.to(device, non_blocking=True) for part in vars(parts).values()))
        return Batch(moved, self.targets.to(device), self.echo.to(device), self.notes)


def collate(examples: list[Example]) -> Batch:
    """Stacks examples of one window."""

    def stack(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(example, name) for example in examples]))

    inputs = StepInputs(stack("fields"), stack("context"), stack("content"), stack("song"), stack("genres"))
    return Batch(inputs, stack("targets"), stack("echo"), sum(example.notes for example in examples))


class _Examples(IterableDataset[Example]):
    def __init__(self, settings: TrainSettings, genres: tuple[str, ...], seed: int) -> None:
        self._settings, self._genres, self._seed = settings, genres, seed

    def __iter__(self) -> Iterator[Example]:
        banks = [Bank.load(path) for path in self._settings.banks]
        stream = ExampleStream(banks, "train", Habits(self._settings.window), self._genres, self._seed)
        return stream.draw(self._settings.weights)


def training_batches(settings: TrainSettings, genres: tuple[str, ...], seed: int) -> Iterator[Batch]:
    """Batches for ever; another `seed` after a resume gives other examples."""
    loader = DataLoader(
        _Examples(settings, genres, seed),
        batch_size=settings.batch,
        num_workers=1,
        collate_fn=collate,
        prefetch_factor=8,
        multiprocessing_context="spawn",
        worker_init_fn=_leave_signals_to_the_trainer,
    )
    return iter(loader)


def _leave_signals_to_the_trainer(_worker: int) -> None:
    """They may reach every process of a terminal or a service, but only the trainer knows what to do; it ends us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def validation_batches(settings: TrainSettings, genres: tuple[str, ...], genre: str, count: int) -> list[Batch]:
    """The same examples each time: whole rosters, songs of one genre, from their first bars."""
    banks = [Bank.load(path) for path in settings.banks]
    habits = Habits(settings.window, whole_roster=0.5, ending=0.25, free_order=0.0, hide=0.0)
    stream = ExampleStream(banks, "valid", habits, genres, seed=1).draw(dict.fromkeys(genres, 0.0) | {genre: 1.0})
    return [collate([next(stream) for _ in range(settings.batch)]) for _ in range(count)]
