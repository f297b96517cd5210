"""A head without the cascade: every field is predicted from the trunk's summary alone."""

from torch import Tensor, nn

from inference.model.cascade import CascadeHead
from inference.model.config import ModelConfig
from inference.model.transformer import Composer
from inference.tokens.state import CONTEXT_SIZES, STROKES
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD


class ParallelHead(CascadeHead):
    """No field knows another, so nothing can be told of where the step falls; about as many weights as the cascade."""

    def __init__(self, config: ModelConfig) -> None:
        nn.Module.__init__(self)
        width = config.cascade_width
        self.starts = nn.ModuleList(nn.Linear(2 * config.width, width) for _ in FIELD_SIZES)
        self.logits = nn.ModuleList(nn.Linear(width, size) for size in FIELD_SIZES)
        self.strokes = nn.Linear(width, len(CONTEXT_SIZES) - STROKES)

    def begin(self, summary: Tensor) -> Tensor:
        """The state of the head: the summary itself."""
        return summary

    def advance(self, state: Tensor, field: int, chosen: Tensor, echo: Tensor) -> Tensor:
        """Nothing is learnt from the field before."""
        return state

    def logits_of(self, field: int, state: Tensor, context: Tensor, echo: Tensor) -> Tensor:
        """Float [N, size] of a field."""
        own: Tensor = self.starts[field](state).tanh()
        if field == HEAD_FIELD:
            return super().logits_of(field, own, context, echo)
        logits: Tensor = self.logits[field](own)
        return logits


class ParallelComposer(Composer):
    """The shipped trunk under a `ParallelHead`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.cascade = ParallelHead(config)
        self._initialise()
