"""The shape of a model; saved with its weights."""

from dataclasses import dataclass

from inference.model.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes of the network.

    Args:
        genres: names in the order of the genre embeddings (one more stands for none).
        width: C, size of a hidden state.
        layers: number of transformer blocks.
        heads, kv_heads: query heads, and the key and value heads they share.
        hidden: width of the feed-forward gate.
        cascade_width: size of the field head's state.
        window: how many steps back a step can see.
    """

    genres: tuple[str, ...]
    width: int = 256
    layers: int = 8
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 688
    cascade_width: int = 192
    window: int = 1024

    def __post_init__(self) -> None:
        if self.width % self.heads or self.heads % self.kv_heads or (self.width // self.heads) % 2:
            raise CheckpointError("the model's width, heads and key-value heads do not divide evenly")

    @property
    def head_size(self) -> int:
        """D, the size of an attention head."""
        return self.width // self.heads
