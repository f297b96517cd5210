"""A checkpoint's file as plain arrays; no torch here."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError
from inference.model.tensor_file import Kind, opened, tensors_in

CHECKPOINT = Kind("a checkpoint", "lnh-composer-2", CheckpointError)
HASH_DIGITS = 12

Weights = dict[str, NDArray[np.float32]]


def read_checkpoint(path: Path) -> tuple[ModelConfig, Weights]:
    """The shape of a model and its weights in float32.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format.
    """
    with opened(path, CHECKPOINT) as (entry, file):
        config = entry["config"]
        weights = {name: tensor.astype(np.float32) for name, tensor in tensors_in(file).items()}
        return ModelConfig(**config | {"genres": tuple(config["genres"])}), weights


def checkpoint_hash(path: Path) -> str:
    """The first digits of the file's SHA-256; names the weights in every recipe. Raises CheckpointError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:HASH_DIGITS]
    except OSError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
