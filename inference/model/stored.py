"""A checkpoint's file as plain arrays; no torch here."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError

FORMAT = "lnh-composer-2"
ENTRY = "lnh"
HASH_DIGITS = 12

Weights = dict[str, NDArray[np.float32]]


def read_checkpoint(path: Path) -> tuple[ModelConfig, Weights]:
    """The shape of a model and its weights in float32.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format.
    """
    with guarded(path), safe_open(path, framework="numpy") as file:
        entry = json.loads((file.metadata() or {}).get(ENTRY, "{}"))
        if entry.get("format") != FORMAT:
            raise CheckpointError(f"{path} is not a checkpoint of this version of LnH ({FORMAT})")
        config = entry["config"]
        weights = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118  # not a dict
        return ModelConfig(**config | {"genres": tuple(config["genres"])}), weights


def checkpoint_hash(path: Path) -> str:
    """The first digits of the file's SHA-256; names the weights in every recipe. Raises CheckpointError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:HASH_DIGITS]
    except OSError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turns what a missing or damaged file does to its reader into CheckpointError."""
    try:
        yield
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"the checkpoint {path} is damaged: {error}") from error
