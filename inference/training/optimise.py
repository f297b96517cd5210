"""Two optimisers: Muon for the trunk's matrices, AdamW for all else (Jordan et al., 2024)."""

from typing import Any

import torch

from inference.model.transformer import Composer
from inference.training.settings import TrainSettings

_FLOOR = 0.02


class Optimisers:
    """Steps both, and sets their rates: linear warm-up, constant, then linear decay over the last part of the time."""

    def __init__(self, model: Composer, settings: TrainSettings) -> None:
        named = list(model.named_parameters())
        matrices = [weight for name, weight in named if name.startswith("blocks.") and weight.dim() == 2]
        chosen = {id(weight) for weight in matrices}
        others = [weight for _, weight in named if id(weight) not in chosen]
        self._settings = settings
        self._matrix = torch.optim.Muon(matrices, lr=settings.matrix_rate, weight_decay=settings.weight_decay)
        self._other = torch.optim.AdamW(
            others, lr=settings.other_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay
        )

    def set_rates(self, elapsed_share: float, updates: int) -> None:
        """`elapsed_share` of the planned time, 0..1."""
        settings = self._settings
        warm = min(1.0, (updates + 1) / settings.warm_up_updates)
        left = (1 - elapsed_share) / settings.decay_share if settings.decay_share else 1.0
        factor = warm * max(_FLOOR, min(1.0, left))
        for optimiser, rate in ((self._matrix, settings.matrix_rate), (self._other, settings.other_rate)):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor

    def step(self) -> None:
        """Applies and clears the gradients."""
        for optimiser in (self._matrix, self._other):
            optimiser.step()  # type: ignore[no-untyped-call]  # torch leaves it bare
            optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        return {"matrix": self._matrix.state_dict(), "other": self._other.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._matrix.load_state_dict(state["matrix"])
        self._other.load_state_dict(state["other"])
