"""Two optimisers: Muon for the trunk's matrices, AdamW for all else (Jordan et al., 2024)."""

from typing import Any

import torch

from inference.latent.space import LatentSpace
from inference.model.transformer import Composer
from inference.training.settings import TrainSettings

_FLOOR = 0.02
_LATE = 0.08


class Optimisers:
    """Steps both, and sets their rates: linear warm-up, constant, then linear decay over the last part of the time.

    What steers by an embedding space has an optimiser of its own, because it may join a run that is under way.
    """

    def __init__(self, model: Composer, settings: TrainSettings, space: LatentSpace | None = None) -> None:
        named = list(model.named_parameters())
        matrices = [weight for name, weight in named if name.startswith("blocks.") and weight.dim() == 2]
        chosen = {id(weight) for weight in matrices}
        others = [weight for _, weight in named if id(weight) not in chosen]
        self._settings = settings
        matrix = torch.optim.Muon(matrices, lr=settings.matrix_rate, weight_decay=settings.weight_decay)
        self._named: dict[str, tuple[torch.optim.Optimizer, float]] = {
            "matrix": (matrix, settings.matrix_rate),
            "other": (_adam(others, settings), settings.other_rate),
        }
        if space is not None:
            self._named["latent"] = (_adam(space.told, settings), settings.other_rate)

    def set_rates(self, elapsed_share: float, updates: int) -> None:
        """`elapsed_share` of the planned time, 0..1."""
        settings = self._settings
        warm = min(1.0, (updates + 1) / settings.warm_up_updates)
        left = (1 - elapsed_share) / settings.decay_share if settings.decay_share else 1.0
        factor = warm * max(_FLOOR, min(1.0, left))
        # Points join late and have much to learn: their rate falls only at the very end.
        late = warm * max(_FLOOR, min(1.0, (1 - elapsed_share) / _LATE))
        for name, (optimiser, rate) in self._named.items():
            for group in optimiser.param_groups:
                group["lr"] = rate * (late if name == "latent" else factor)

    def step(self) -> None:
        """Applies and clears the gradients."""
        for optimiser, _ in self._named.values():
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        return {name: optimiser.state_dict() for name, (optimiser, _) in self._named.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, (optimiser, _) in self._named.items():
            if name in state:
                optimiser.load_state_dict(state[name])


def _adam(weights: list[torch.nn.Parameter], settings: TrainSettings) -> torch.optim.Optimizer:
    return torch.optim.AdamW(weights, lr=settings.other_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay)
