"""The variants of the composer that are compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inference.evaluation.ablations.codes import (
    InTimeOrder,
    WrittenOut,
    shipped_steps,
    steps_in_blocks,
    steps_in_time,
)
from inference.evaluation.ablations.heads import ParallelComposer
from inference.model.config import ModelConfig
from inference.model.transformer import Composer
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.state import BandState
from inference.tokens.vocabulary import Step


@dataclass(frozen=True, slots=True)
class Size:
    """Of the trunk; everything else is as shipped."""

    width: int = 256
    layers: int = 8
    heads: int = 4
    hidden: int = 688

    def config(self, genres: tuple[str, ...]) -> ModelConfig:
        return ModelConfig(genres, self.width, self.layers, self.heads, hidden=self.hidden)


@dataclass(frozen=True, slots=True)
class Variant:
    """A composer with one design choice changed.

    Args:
        state: follows the steps.
        steps: writes bars down, given a new state.
        model: the network.
        composes: whether the grammar knows the order of its steps.
    """

    state: Callable[[Header], BandState] = BandState
    steps: Callable[[BandState, Arrangement], Iterator[Step]] = shipped_steps
    model: Callable[[ModelConfig], Composer] = Composer
    composes: bool = True


VARIANTS = {
    "shipped": Variant(),
    "parallel-heads": Variant(model=ParallelComposer),
    "no-copy": Variant(WrittenOut, steps_in_blocks),
    "time-order": Variant(InTimeOrder, steps_in_time, composes=False),
}
SIZES = {"small": Size(160, 6, 4, 432), "shipped": Size(), "large": Size(384, 12, 6, 1024)}
