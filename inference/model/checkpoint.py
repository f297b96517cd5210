"""Weights and their configuration in one safetensors file."""

from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from inference.model.stored import CHECKPOINT, read_checkpoint
from inference.model.tensor_file import guarded, metadata_of
from inference.model.transformer import Composer


def save_checkpoint(model: Composer, path: Path, card: dict[str, str]) -> None:
    """Writes half-precision weights; `card` is text to keep with them (steps trained, loss ...)."""
    weights = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path, metadata_of(CHECKPOINT, {"config": asdict(model.config), "card": card}))


def load_checkpoint(path: Path) -> Composer:
    """A model in float32, ready to run.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format.
    """
    config, weights = read_checkpoint(path)
    with guarded(path, CHECKPOINT):
        model = Composer(config)
        model.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
    return model.eval()
