"""The cascade head: the fields of a step one after another, each knowing those before it.

A recurrent head over the fields of a compound word; parallel heads cost accuracy (Nested Music Transformer, table 1).
Where the band strikes next, and what the player struck there before, pull on the logits of those very values, so that
locking in with the others and playing a riff again need no table of every position and pitch to be learnt.
"""

import torch
from torch import Tensor, nn

from inference.model.config import ModelConfig
from inference.tokens.listening import HEARD_SIZES
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES, STROKES
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, PITCH, POSITION, VALUE_FIELD

_BEFORE = len(HEARD_SIZES) - 1
_NOWHERE = 0  # NONE: never asked for where a pull counts


class CascadeHead(nn.Module):
    """Hidden state of the trunk -> logits of each field given the fields before it and the band's echo."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.cascade_width
        self.start = nn.Linear(2 * config.width, width)
        self.chosen = nn.ModuleList(nn.Embedding(size, width) for size in FIELD_SIZES[:-1])
        self.echo = nn.ModuleList(nn.Embedding(size, width) for size in ECHO_SIZES)
        self.cell = nn.GRUCell(width, width)
        self.logits = nn.ModuleList(nn.Linear(width, size) for size in FIELD_SIZES)
        self.strokes = nn.Linear(width, len(CONTEXT_SIZES) - STROKES)
        self.before = nn.Linear(width, 1)

    def forward(self, summary: Tensor, targets: Tensor, context: Tensor, echo: Tensor) -> list[Tensor]:
        """Summary [N, 2C], targets [N, 5], context [N, 10], echo [N, 6] -> five logits [N, size], teacher-forced."""
        state = self.begin(summary)
        outputs = [self.logits_of(HEAD_FIELD, state, context, echo)]
        for field in range(1, len(FIELD_SIZES)):
            state = self.advance(state, field, targets[:, field - 1], echo)
            outputs.append(self.logits_of(field, state, context, echo))
        return outputs

    def begin(self, summary: Tensor) -> Tensor:
        """The state from which the first field (head) is drawn: the trunk's summary [N, 2C] -> [N, W]."""
        state: Tensor = self.start(summary).tanh()
        return state

    def advance(self, state: Tensor, field: int, chosen: Tensor, echo: Tensor) -> Tensor:
        """The state from which `field` is drawn, after the field before it came out as `chosen` [N]."""
        x = self.chosen[field - 1](chosen)
        if field == VALUE_FIELD:
            for column, table in enumerate(self.echo):
                x = x + table(echo[:, column])
        moved: Tensor = self.cell(x, state)
        return moved

    def logits_of(self, field: int, state: Tensor, context: Tensor, echo: Tensor) -> Tensor:
        """Float [N, size] of a field from the state it is drawn from."""
        logits: Tensor = self.logits[field](state)
        if field == HEAD_FIELD:
            return _pulled(logits, self.strokes(state), context[:, STROKES:], POSITION - 1)
        if field == VALUE_FIELD:
            return _pulled(logits, self.before(state), echo[:, _BEFORE : _BEFORE + 1], PITCH - 1)
        return logits


def _pulled(logits: Tensor, strength: Tensor, places: Tensor, offset: int) -> Tensor:
    """Adds `strength` [N, K] to the logits at `places` [N, K] plus `offset`; a place of 0 is none."""
    somewhere = places > 0
    at = torch.where(somewhere, places + offset, _NOWHERE)
    return logits.scatter_add(1, at, (strength * somewhere).to(logits.dtype))
