"""Pre-trains the auto-encoder of the embedding space (encoder and sketch decoder) on single blocks."""

import time
from collections.abc import Callable
from math import log
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from inference.latent.hits import Hits
from inference.latent.space import LatentSpace, divergence
from inference.tokens.vocabulary import HEAD_FIELD, NONE, POSITION, POSITIONS, VALUE_FIELD
from inference.training.bank import Bank
from inference.training.blocks import BlockStream
from inference.training.files import written_whole
from inference.training.settings import TrainSettings

_BLOCKS = 256
_VALIDATED = 4096
_RATE = 2.5e-3
_FLOOR = 0.02
_WARM_UP = 100
_LOG_EVERY = 500

Tell = Callable[[str], None]


def teach_space(
    space: LatentSpace, settings: TrainSettings, folder: Path, tell: Tell, stopped: Callable[[], bool] = lambda: False
) -> bool:
    """Trains encoder and sketch for the planned processor time; if stopped, the next call resumes from `folder`.

    Returns:
        Whether the planned time is used up.
    """
    torch.manual_seed(settings.seed)
    course = _Course(space, settings, folder)
    banks = [Bank.load(path) for path in settings.banks]
    stream = BlockStream(banks, "train", settings.weights, settings.seed + course.updates).draw(_BLOCKS)
    begun, planned_s = time.process_time() - course.processor_s, 60 * settings.sketch_minutes
    while (spent_s := time.process_time() - begun) < planned_s and not stopped():
        course.update(next(stream), spent_s / planned_s)
        if course.updates % _LOG_EVERY == 0:
            tell(f"space: {spent_s / 60:.1f} min, update {course.updates}, {describe(space, banks, settings)}")
    if not course.updates:
        return False
    course.save(spent_s)
    return spent_s >= planned_s


class _Course:
    """The training of a space's encoder and sketch; its state is in a folder."""

    def __init__(self, space: LatentSpace, settings: TrainSettings, folder: Path) -> None:
        self._space = space
        self._latent_cost = settings.latent_cost
        self._file = folder / "space.pt"
        self._device = space.steering.weight.device
        self._weights = [*space.encoder.parameters(), *space.sketch.parameters()]
        self._optimiser = torch.optim.AdamW(self._weights, lr=_RATE, betas=(0.9, 0.98), weight_decay=0.01)
        self.updates, self.processor_s = 0, 0.0
        if self._file.exists():
            self._resume()

    def update(self, hits: Hits, share: float) -> None:
        """One optimiser step on a batch of blocks, at that share of the planned time."""
        left = max(_FLOOR, min(1.0, (1 - share) / 0.6))
        self._optimiser.param_groups[0]["lr"] = _RATE * min(1.0, (self.updates + 1) / _WARM_UP) * left
        with torch.autocast(self._device.type, torch.bfloat16):
            fields, nats, _ = block_losses(self._space, hits.to(self._device), noise=1.0)
        loss = fields.sum() + self._latent_cost * nats
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self.updates += 1

    def save(self, processor_s: float) -> None:
        """Writes the state to resume from."""
        state = {
            "encoder": self._space.encoder.state_dict(),
            "sketch": self._space.sketch.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "updates": self.updates,
            "processor_s": processor_s,
        }
        with written_whole(self._file) as partial:
            torch.save(state, partial)

    def _resume(self) -> None:
        state = torch.load(self._file, map_location=self._device, weights_only=True)
        self._space.encoder.load_state_dict(state["encoder"])
        self._space.sketch.load_state_dict(state["sketch"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.updates, self.processor_s = state["updates"], state["processor_s"]


def block_losses(space: LatentSpace, hits: Hits, noise: float) -> tuple[Tensor, Tensor, Tensor]:
    """Of a block on average: -ln p of where something is struck and of each field of what is [5], and its point's
    divergence; and the share of hits that the sketch has in the right place with the right value.
    """
    mean, log_variance = space.encoder(hits)
    points = mean + noise * torch.randn_like(mean) * (0.5 * log_variance).exp()
    known = space.sketch.known(points)
    onsets, struck = space.sketch.onsets(known).float(), torch.zeros(hits.blocks, POSITIONS, device=mean.device)
    position = hits.fields[:, HEAD_FIELD] - POSITION
    struck[hits.owner, position] = 1.0
    logits = space.sketch.logits(space.sketch.struck(known, hits.owner, position + 1))
    costs = [functional.binary_cross_entropy_with_logits(onsets, struck, reduction="sum")]
    costs += [
        functional.cross_entropy(one.float(), hits.fields[:, field], ignore_index=NONE, reduction="sum")
        for field, one in enumerate(logits, start=1)
    ]
    right = (logits[0].argmax(dim=-1) == hits.fields[:, VALUE_FIELD]) & (onsets[hits.owner, position] > 0)
    nats = divergence(mean, log_variance).sum() / hits.blocks
    return torch.stack(costs) / hits.blocks, nats, right.float().mean()


@torch.no_grad()
def describe(space: LatentSpace, banks: list[Bank], settings: TrainSettings) -> str:
    """Figures of validation blocks as one line: bits per hit, share of hits reconstructed, divergence."""
    stream = BlockStream(banks, "valid", settings.weights, seed=1)
    if stream.is_empty:
        return "no songs set aside"
    hits = next(stream.draw(_VALIDATED)).to(space.steering.weight.device)
    fields, nats, right = block_losses(space, hits, noise=0.0)
    each = fields.sum() / len(hits.fields) * hits.blocks / log(2)
    return f"{each:.2f} bits a hit, {100 * right:.1f} % of hits found, {nats:.1f} nats a block"
