"""The shape of the auto-encoder; saved with its weights."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LatentConfig:
    """Sizes.

    Args:
        size: Z, numbers a bar.
        hidden: width of the encoder.
    """

    size: int = 128
    hidden: int = 384
