"""Weights and their configuration in one safetensors file."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError
from inference.model.transformer import Composer

_FORMAT = "lnh-composer-2"
_ENTRY = "lnh"
HASH_DIGITS = 12


def save_checkpoint(model: Composer, path: Path, card: dict[str, str]) -> None:
    """Writes half-precision weights; `card` is text to keep with them (steps trained, loss ...)."""
    weights = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in model.state_dict().items()}
    # One entry, because safetensors writes several in any order and equal models must have equal hashes.
    entry = json.dumps({"format": _FORMAT, "config": asdict(model.config), "card": card}, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path, {_ENTRY: entry})


def load_checkpoint(path: Path) -> Composer:
    """A model in float32, ready to run.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            entry = json.loads((file.metadata() or {}).get(_ENTRY, "{}"))
            if entry.get("format") != _FORMAT:
                raise CheckpointError(f"{path} is not a checkpoint of this version of LnH ({_FORMAT})")
            config = entry["config"]
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # not a dict
        model = Composer(ModelConfig(**config | {"genres": tuple(config["genres"])}))
        model.load_state_dict(weights)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"the checkpoint {path} is damaged: {error}") from error
    return model.eval()


def checkpoint_hash(path: Path) -> str:
    """The first digits of the file's SHA-256; names the weights in every recipe. Raises CheckpointError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:HASH_DIGITS]
    except OSError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
