"""Examples as batches of tensors, made by a process of its own."""

import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from inference.model.example import Example
from inference.model.inputs import StepInputs
from inference.training.bank import Bank
from inference.training.sampling import ExampleStream, Habits
from inference.training.settings import TrainSettings

_EIGHTHS = (2, 3, 4, 6, 8)


@dataclass(frozen=True)
class Batch:
    """B examples; `notes` is the number of notes that the predicted steps stand for."""

    inputs: StepInputs
    targets: Tensor
    echo: Tensor
    notes: int

    def to(self, device: torch.device) -> "Batch":
        inputs = StepInputs(*(part.to(device, non_blocking=True) for part in vars(self.inputs).values()))
        return Batch(inputs, self.targets.to(device), self.echo.to(device), self.notes)


def collate(examples: list[Example], length: int | None = None) -> Batch:
    """Stacks examples, padded with zeros at the end to `length` steps (to the longest without one)."""
    steps = length or max(len(example.fields) for example in examples)

    def stack(name: str) -> Tensor:
        return torch.stack([_padded(getattr(example, name), steps) for example in examples])

    def stack_songs(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(example, name) for example in examples]))

    inputs = StepInputs(stack("fields"), stack("context"), stack("content"), stack_songs("song"), stack_songs("genres"))
    return Batch(inputs, stack("targets"), stack("echo"), sum(example.notes for example in examples))


def _padded(rows: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]", steps: int) -> Tensor:
    return functional.pad(torch.from_numpy(rows), (*(0, 0) * (rows.ndim - 1), 0, steps - len(rows)))


def gathered(examples: Iterable[Example], settings: TrainSettings) -> Iterator[Batch]:
    """Batches of examples of about one length: `batch` windows' worth of steps each, so that little is padding.

    The lengths are few, because the loss is compiled for each.
    """
    lengths = [settings.window * eighths // 8 for eighths in _EIGHTHS]
    bins: dict[int, list[Example]] = {length: [] for length in lengths}
    for example in examples:
        length = next(length for length in lengths if len(example.fields) <= length)
        bins[length].append(example)
        if len(bins[length]) == settings.batch * settings.window // length:
            yield collate(bins[length], length)
            bins[length] = []


class _Batches(IterableDataset[Batch]):
    def __init__(self, settings: TrainSettings, genres: tuple[str, ...], seed: int) -> None:
        self._settings, self._genres, self._seed = settings, genres, seed

    def __iter__(self) -> Iterator[Batch]:
        banks = [Bank.load(path) for path in self._settings.banks]
        stream = ExampleStream(banks, "train", Habits(self._settings.window), self._genres, self._seed)
        return gathered(stream.draw(self._settings.weights), self._settings)


def training_batches(settings: TrainSettings, genres: tuple[str, ...], seed: int) -> Iterator[Batch]:
    """Batches for ever; another `seed` after a resume gives other examples."""
    loader = DataLoader(
        _Batches(settings, genres, seed),
        batch_size=None,
        num_workers=1,
        prefetch_factor=8,
        multiprocessing_context="spawn",
        worker_init_fn=leave_signals_to_the_trainer,
    )
    return iter(loader)


def leave_signals_to_the_trainer(_worker: int) -> None:
    """They may reach every process of a terminal or a service, but only the trainer knows what to do; it ends us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def validation_batches(settings: TrainSettings, genres: tuple[str, ...], genre: str, count: int) -> list[Batch]:
    """The same examples each time: whole rosters, songs of one genre, in their own order."""
    banks = [Bank.load(path) for path in settings.banks]
    habits = Habits(settings.window // 2, whole_roster=0.5, ending=0.25, free_order=0.0, ahead=0.0, hide=0.0)
    stream = ExampleStream(banks, "valid", habits, genres, seed=1).draw(dict.fromkeys(genres, 0.0) | {genre: 1.0})
    size = settings.batch * 2
    return [collate([next(stream) for _ in range(size)], settings.window // 2) for _ in range(count)]
