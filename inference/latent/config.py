"""The shapes of the auto-encoder and of the prior; saved with their weights."""

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


@dataclass(frozen=True, slots=True)
class PriorConfig:
    """The shape of the prior; saved with its weights.

    Args:
        width: of what is known at a player's turn. layers, heads: of the attention to earlier turns.
        stock: how many points there are to draw new ones from.
    """

    width: int = 192
    layers: int = 3
    heads: int = 4
    stock: int = 12288
