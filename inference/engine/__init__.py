"""The engine: many songs decoded in one batch."""

import os
from pathlib import Path

from inference.engine.contract import Engine


def load_engine(checkpoint: Path, slots: int = 4, threads: int = 1) -> Engine:
    """An engine with the weights of a checkpoint, not yet started.

    Args:
        checkpoint: a safetensors file.
        slots: songs written at the same time.
        threads: CPU threads of the model; torch is imported here, so that they can be set before.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
    """
    # Spinning worker threads starve whatever shares the cores; sleeping ones do not.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from inference.engine.runner import Runner
    from inference.engine.thread import BatchEngine
    from inference.model.checkpoint import checkpoint_hash, load_checkpoint

    torch.set_num_threads(threads)
    return BatchEngine(Runner(load_checkpoint(checkpoint), slots), checkpoint_hash(checkpoint))
