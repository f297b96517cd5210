"""The cascade head: the fields of a step one after another, each knowing those before it.

A recurrent head over the fields of a compound word; parallel heads cost accuracy (Nested Music Transformer, table 1).
"""

from torch import Tensor, nn

from inference.model.config import ModelConfig
from inference.tokens.state import ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES, VALUE_FIELD


class CascadeHead(nn.Module):
    """Hidden state of the trunk -> logits of each field given the fields before it and the band's echo."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.cascade_width
        self.start = nn.Linear(config.width, width)
        self.chosen = nn.ModuleList(nn.Embedding(size, width) for size in FIELD_SIZES[:-1])
        self.echo = nn.ModuleList(nn.Embedding(size, width) for size in ECHO_SIZES)
        self.cell = nn.GRUCell(width, width)
        self.logits = nn.ModuleList(nn.Linear(width, size) for size in FIELD_SIZES)

    def forward(self, hidden: Tensor, targets: Tensor, echo: Tensor) -> list[Tensor]:
        """Hidden [N, C], targets int [N, 5], echo int [N, 5] -> five logits [N, size], teacher-forced."""
        state = self.begin(hidden)
        outputs = [self.logits[0](state)]
        for field in range(1, len(FIELD_SIZES)):
            state = self.advance(state, field, targets[:, field - 1], echo)
            outputs.append(self.logits[field](state))
        return outputs

    def begin(self, hidden: Tensor) -> Tensor:
        """The state from which the first field (head) is drawn: [N, C] -> [N, W]."""
        state: Tensor = self.start(hidden).tanh()
        return state

    def advance(self, state: Tensor, field: int, chosen: Tensor, echo: Tensor) -> Tensor:
        """The state from which `field` is drawn, after the field before it came out as `chosen` [N]."""
        x = self.chosen[field - 1](chosen)
        if field == VALUE_FIELD:
            for column, table in enumerate(self.echo):
                x = x + table(echo[:, column])
        moved: Tensor = self.cell(x, state)
        return moved
