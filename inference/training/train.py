"""Trains a composer: resumable, on CPU or CUDA, in bf16, for a planned time."""

import json
import time
from collections.abc import Callable
from math import log
from pathlib import Path

import structlog
import torch
from torch import Tensor

from inference.model.checkpoint import save_checkpoint
from inference.model.config import ModelConfig
from inference.model.transformer import Composer
from inference.tokens.vocabulary import NONE
from inference.training.batches import Batch, training_batches, validation_batches
from inference.training.loss import field_losses
from inference.training.optimise import Optimisers
from inference.training.settings import TrainSettings

_log = structlog.get_logger()
_FIELDS = ("head", "value", "shape", "duration", "velocity")


class Run:
    """One training run in a folder that holds its state; making it again resumes it."""

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
        self.optimisers = Optimisers(self.model, settings)
        self.trained_s = 0.0
        self.processor_s = 0.0
        self.updates = 0
        self.steps = 0
        if self._state_path.exists():
            self._resume()
        self._loss = torch.compile(field_losses, dynamic=False) if settings.compile else field_losses

    @property
    def checkpoint(self) -> Path:
        """Where `save` puts the weights."""
        return self.folder / f"{self.settings.name}.safetensors"

    def train(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Trains until the planned minutes are over or `stopped`, asked after an update; saves often and at the end."""
        settings = self.settings
        valid = {name: validation_batches(settings, self.genres, name, 4) for name in settings.validate_on}
        batches = training_batches(settings, self.genres, settings.seed + self.updates)
        saved_s = evaluated_s = self.trained_s
        # The first update of a process compiles, for minutes on a busy machine; that is no training.
        compiled_by = self.updates + 1
        while self.trained_s < settings.minutes * 60 and not stopped():
            started, processor_before = time.monotonic(), time.process_time()
            report = self._update([next(batches) for _ in range(settings.accumulate)])
            if self.updates % 20 == 0:
                self._note("train", report)
            if self.updates > compiled_by:
                self.trained_s += time.monotonic() - started
                self.processor_s += time.process_time() - processor_before
            if self.trained_s - evaluated_s > settings.evaluate_every_minutes * 60:
                evaluated_s = self.trained_s
                self.evaluate(valid)
            if self.trained_s - saved_s > settings.save_every_minutes * 60:
                saved_s = self.trained_s
                self.save()
        if not stopped():
            self.evaluate(valid)
        self.save()

    def evaluate(self, valid: dict[str, list[Batch]]) -> None:
        """Logs bits per note, with and without velocity, for each set."""
        self.model.eval()
        for name, batches in valid.items():
            with torch.no_grad():
                losses = sum((self._losses(batch).cpu() for batch in batches), torch.zeros(len(_FIELDS)))
            notes = sum(batch.notes for batch in batches)
            bits = (losses / log(2) / notes).tolist()
            self._note(f"valid {name}", {"bits": sum(bits), "bits_without_velocity": sum(bits[:4])})
        self.model.train()

    def save(self) -> None:
        """Writes the state to resume from, and the weights as a checkpoint."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.model.state_dict(),
            "optimisers": self.optimisers.state_dict(),
            "trained_s": self.trained_s,
            "processor_s": self.processor_s,
            "updates": self.updates,
            "steps": self.steps,
        }
        partial = self._state_path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self._state_path)
        card = {
            "run": self.settings.name,
            "steps": str(self.steps),
            "minutes": f"{self.trained_s / 60:.0f}",
            "processor_minutes": f"{self.processor_s / 60:.0f}",
        }
        save_checkpoint(self.model, self.checkpoint, card)

    @property
    def _state_path(self) -> Path:
        return self.folder / "state.pt"

    def _resume(self) -> None:
        state = torch.load(self._state_path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimisers.load_state_dict(state["optimisers"])
        self.trained_s, self.processor_s = state["trained_s"], state["processor_s"]
        self.updates, self.steps = state["updates"], state["steps"]
        _log.info("resumed", updates=self.updates, minutes=round(self.trained_s / 60, 1))

    def _update(self, batches: list[Batch]) -> dict[str, float]:
        """One optimiser step over some batches; the mean loss a step of each field."""
        self.optimisers.set_rates(self.trained_s / (self.settings.minutes * 60), self.updates)
        sums = torch.zeros(len(_FIELDS))
        count = sum(int((batch.targets[..., 0] != NONE).sum()) for batch in batches)
        for batch in batches:
            losses = self._losses(batch)
            (losses.sum() / count).backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
            sums += losses.detach().cpu()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimisers.step()
        self.updates += 1
        self.steps += count
        return {name: value / count for name, value in zip(_FIELDS, sums.tolist(), strict=True)} | {"norm": float(norm)}

    def _losses(self, batch: Batch) -> Tensor:
        moved = batch.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            return self._loss(self.model, moved.inputs, moved.targets, moved.echo)

    def _note(self, event: str, values: dict[str, float]) -> None:
        rounded = {name: round(value, 4) for name, value in values.items()}
        place = {"updates": self.updates, "steps": self.steps, "minutes": round(self.trained_s / 60, 2)}
        place |= {"processor_minutes": round(self.processor_s / 60, 2)}
        _log.info(event, **place, **rounded)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"event": event, **place, **rounded}) + "\n")
