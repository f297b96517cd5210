"""The shape of the auto-encoder; saved with its weights."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LatentConfig:
    """Sizes.

    Args:
        size: Z, numbers that a point has.
        hidden: H, width of what is known of a hit, and of what the sketch says of the next one.
        block: width of what is known of a whole block.
    """

    size: int = 64
    hidden: int = 256
    block: int = 512
