"""Trains a composer: resumable, on CPU or CUDA, in bf16, for a planned time."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from math import log
from pathlib import Path

import structlog
import torch
from torch import Tensor

from inference.latent.config import LatentConfig
from inference.latent.space import LatentSpace
from inference.latent.stored import save_space
from inference.model.checkpoint import save_checkpoint
from inference.model.config import ModelConfig
from inference.model.transformer import Composer
from inference.tokens.vocabulary import NONE
from inference.training.batches import Batch, training_batches, validation_batches
from inference.training.files import written_whole
from inference.training.loss import field_losses
from inference.training.optimise import Optimisers
from inference.training.peers import said_by_first, sum_gradients, summed
from inference.training.settings import TrainSettings

_log = structlog.get_logger()
_FIELDS = ("head", "value", "shape", "duration", "velocity")
_LATENT = "latent"
# Between the seeds of processes that train together: more than there are updates.
_APART = 10_000_000


class Run:
    """One training run in a folder with its state; creating it again on the same folder resumes it."""

    def __init__(self, settings: TrainSettings, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.folder = folder
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.genres = tuple(settings.genres)
        config = ModelConfig(
            self.genres,
            settings.width,
            settings.layers,
            settings.heads,
            settings.kv_heads,
            settings.hidden,
            settings.cascade_width,
            settings.window,
        )
        self.model = Composer(config).to(self.device)
        self.space = (
            LatentSpace(LatentConfig(settings.latent), config.width).to(self.device) if settings.latent else None
        )
        self.optimisers = Optimisers(self.model, settings, self.space)
        self.trained_s = 0.0
        self.processor_s = 0.0
        self.updates = 0
        self.steps = 0
        if self._state_path.exists():
            self._resume()
        self._is_compiled = False
        self._compute = torch.compile(field_losses, dynamic=False) if settings.compile else field_losses

    @property
    def is_new(self) -> bool:
        """Whether nothing has been learnt yet."""
        return not self.updates

    @property
    def checkpoint(self) -> Path:
        """Where `save` puts the weights."""
        return self.folder / f"{self.settings.name}.safetensors"

    def train(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Trains until the planned minutes are over or `stopped()` (checked after each update); saves regularly."""
        settings = self.settings
        batches = training_batches(settings, self.genres, settings.seed + self.updates)
        saved_s = evaluated_s = self.trained_s
        while (share := said_by_first(1.0 if stopped() else self.trained_s / (settings.minutes * 60))) < 1:
            report = self._timed_update(batches, share)
            if self.updates % 20 == 0:
                self._note("train", report)
            if self.trained_s - evaluated_s > settings.evaluate_every_minutes * 60:
                evaluated_s = self.trained_s
                self.evaluate()
            if self.trained_s - saved_s > settings.save_every_minutes * 60:
                saved_s = self.trained_s
                self.save()
        if not stopped():
            self.evaluate()
        self.save()

    def help(self, rank: int) -> None:
        """Takes part in each update of the process that trains, with examples of its own, until that one ends."""
        seed = self.settings.seed + _APART * rank + self.updates
        torch.manual_seed(seed)
        batches = training_batches(self.settings, self.genres, seed)
        while (share := said_by_first(1.0)) < 1:
            self._timed_update(batches, share)

    def bits(self, model: Composer) -> dict[str, float]:
        """Bits per note, with velocity, that songs set aside cost a model of the run's shape, by genre."""
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
            return {name: _bits_a_note(model, batches, self.device) for name, batches in self._valid.items()}

    def evaluate(self) -> None:
        """Logs bits per note of each set, with and without velocity, and with the points shown if there is a space."""
        self.model.eval()
        for name, batches in self._valid.items():
            notes = sum(batch.notes for batch in batches)
            with torch.no_grad():
                bits = _summed(self._losses(batch, shown=0.0) for batch in batches) / log(2) / notes
                values = {"bits": sum(bits.tolist()), "bits_without_velocity": sum(bits[:4].tolist())}
                if self.space is not None:
                    shown = _summed(self._losses(batch, shown=1.0, noise=0.0) for batch in batches)
                    values |= {"bits_shown": float(shown.sum()) / log(2) / notes}
            self._note(f"valid {name}", values)
        self.model.train()

    def save(self) -> None:
        """Writes the state to resume from, and the weights as a checkpoint."""
        state = {
            "model": self.model.state_dict(),
            "optimisers": self.optimisers.state_dict(),
            "trained_s": self.trained_s,
            "processor_s": self.processor_s,
            "updates": self.updates,
            "steps": self.steps,
        }
        if self.space is not None:
            state[_LATENT] = self.space.state_dict()
        with written_whole(self._state_path) as partial:
            torch.save(state, partial)
        card = {
            "run": self.settings.name,
            "steps": str(self.steps),
            "minutes": f"{self.trained_s / 60:.0f}",
            "processor_minutes": f"{self.processor_s / 60:.0f}",
        }
        save_checkpoint(self.model, self.checkpoint, card)
        if self.space is not None:
            save_space(self.space, self.checkpoint)

    @cached_property
    def _valid(self) -> dict[str, list[Batch]]:
        settings = self.settings
        return {name: validation_batches(settings, self.genres, name, 4) for name in settings.validate_on}

    @property
    def _state_path(self) -> Path:
        return self.folder / "state.pt"

    def _resume(self) -> None:
        state = torch.load(self._state_path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        if self.space is not None and _LATENT in state:
            self.space.load_state_dict(state[_LATENT])
        self.optimisers.load_state_dict(state["optimisers"])
        self.trained_s, self.processor_s = state["trained_s"], state["processor_s"]
        self.updates, self.steps = state["updates"], state["steps"]
        _log.info("resumed", updates=self.updates, minutes=round(self.trained_s / 60, 1))

    def _timed_update(self, batches: Iterator[Batch], share: float) -> dict[str, float]:
        """An update at that share of the planned time; the clocks go on by what it took, that of processors by all."""
        started, processor_before = time.monotonic(), time.process_time()
        report = self._update([next(batches) for _ in range(self.settings.accumulate)], share)
        spent = summed(torch.tensor(time.process_time() - processor_before, dtype=torch.float64))
        # The first update of a process compiles, for minutes on a busy machine; that is no training.
        if self._is_compiled:
            self.trained_s += time.monotonic() - started
            self.processor_s += float(spent)
        self._is_compiled = True
        return report

    def _update(self, batches: list[Batch], share: float) -> dict[str, float]:
        """One optimiser step over some batches; the mean loss a step of each field."""
        self.optimisers.set_rates(share, self.updates)
        count = int(summed(torch.tensor(sum(int((batch.targets[..., 0] != NONE).sum()) for batch in batches))))
        sums = torch.zeros(len(_FIELDS))
        for batch in batches:
            losses = self._losses(batch, self.settings.latent_shown)
            (losses.sum() / count).backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
            sums += losses.detach().cpu()
        weights = self._weights()
        sum_gradients(weights)
        norm = torch.nn.utils.clip_grad_norm_(weights, 1.0)
        self.optimisers.step()
        self.updates += 1
        self.steps += count
        means = (summed(sums) / count).tolist()
        return dict(zip(_FIELDS, means, strict=True)) | {"norm": float(norm)}

    def _weights(self) -> list[torch.nn.Parameter]:
        space = [] if self.space is None else self.space.told
        return [*self.model.parameters(), *space]

    def _losses(self, batch: Batch, shown: float, noise: float = 1.0) -> Tensor:
        """Losses of each field [5]; a share `shown` of the examples is conditioned on their points."""
        moved = batch.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            steer = None if self.space is None else self._steer(self.space, moved.inputs.fields, shown, noise)
            return self._compute(self.model, moved.inputs, moved.targets, moved.echo, steer)

    def _steer(self, space: LatentSpace, fields: Tensor, shown: float, noise: float) -> Tensor:
        kept = torch.rand(len(fields), 1, device=self.device) < shown
        steer, inside = space(fields, noise)
        return torch.where((inside & kept).unsqueeze(-1), steer, 0.0)

    def _note(self, event: str, values: dict[str, float]) -> None:
        rounded = {name: round(value, 4) for name, value in values.items()}
        place = {"updates": self.updates, "steps": self.steps, "minutes": round(self.trained_s / 60, 2)}
        place |= {"processor_minutes": round(self.processor_s / 60, 2)}
        _log.info(event, **place, **rounded)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"event": event, **place, **rounded}) + "\n")


def _bits_a_note(model: Composer, batches: list[Batch], device: torch.device) -> float:
    moved = [batch.to(device) for batch in batches]
    losses = _summed(field_losses(model, batch.inputs, batch.targets, batch.echo) for batch in moved)
    return float(losses.sum()) / log(2) / sum(batch.notes for batch in batches)


def _summed(losses: Iterable[Tensor]) -> Tensor:
    return torch.stack([one.double().cpu() for one in losses]).sum(dim=0)
