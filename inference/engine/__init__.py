"""The engine: many songs decoded in one batch."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from inference.engine.contract import Engine

if TYPE_CHECKING:
    from inference.engine.batch import BatchRunner

Decoder = Literal["auto", "cuda", "native", "torch"]
_GPU = Path("/dev/nvidiactl")
_TORCH_SLOTS = 4
_log = structlog.get_logger()


def load_engine(checkpoint: Path, slots: int = 16, threads: int = 1, decoder: Decoder = "auto") -> Engine:
    """An engine with the weights of a checkpoint, not yet started.

    Args:
        checkpoint: a safetensors file.
        slots: songs written at the same time; torch on a CPU takes at most 4, because each of its steps pays for all.
        threads: CPU threads of the model.
        decoder: `cuda` is a whole step on a card; `native` is the step in C++, built at first use; `torch` needs no
            compiler and runs on GPUs too; `auto` takes the first of them that can be had, and says so in the log.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        NativeUnavailable: that decoder, on a card or in C++, is insisted on and cannot be had.
    """
    from inference.engine.thread import BatchEngine
    from inference.model.stored import checkpoint_hash

    return BatchEngine(load_runner(checkpoint, slots, threads, decoder), checkpoint_hash(checkpoint))


def load_runner(checkpoint: Path, slots: int, threads: int, decoder: Decoder) -> "BatchRunner":
    """What computes in an engine; arguments and errors are those of `load_engine`."""
    from inference.engine.native.errors import NativeUnavailable

    ways = {"cuda": _card_runner, "native": _native_runner, "torch": _torch_runner}
    if decoder != "auto":
        return ways[decoder](checkpoint, slots, threads)
    if not _GPU.exists():
        del ways["cuda"]
    *faster, last = ways
    for name, slower in zip(faster, [*faster[1:], last], strict=True):
        try:
            return ways[name](checkpoint, slots, threads)
        except NativeUnavailable as error:
            _log.warning(f"decoding with {slower}, which is slower", reason=str(error))
    return ways[last](checkpoint, slots, threads)


def _card_runner(checkpoint: Path, slots: int, threads: int) -> "BatchRunner":
    import torch

    from inference.engine.cuda.errors import CardUnavailable
    from inference.engine.cuda.runner import CardRunner
    from inference.model.checkpoint import load_checkpoint

    torch.set_num_threads(threads)
    model = load_checkpoint(checkpoint)
    try:
        return CardRunner(model, slots, torch.device("cuda"))
    except RuntimeError as error:  # torch and the driver have no narrower one; others may have filled the card's memory
        raise CardUnavailable(f"the card does not take the model: {str(error).partition(chr(10))[0]}") from error


def _native_runner(checkpoint: Path, slots: int, threads: int) -> "BatchRunner":
    from inference.engine.native.build import library
    from inference.engine.native.runner import NativeRunner
    from inference.model.stored import read_checkpoint

    return NativeRunner(library(), *read_checkpoint(checkpoint), slots, threads)


def _torch_runner(checkpoint: Path, slots: int, threads: int) -> "BatchRunner":
    # Spinning worker threads starve whatever shares the cores; sleeping ones do not.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from inference.engine.runner import Runner
    from inference.model.checkpoint import load_checkpoint

    torch.set_num_threads(threads)
    return Runner(load_checkpoint(checkpoint), slots if torch.cuda.is_available() else min(slots, _TORCH_SLOTS))
