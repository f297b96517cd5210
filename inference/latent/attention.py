"""Attention over what the players of a song have done so far, cell by cell."""

import torch
from torch import Tensor, nn

from inference.latent.layers import Residual
from inference.music.units import MAX_BARS

_NEVER = -1e9

Memory = list[tuple[Tensor, Tensor]]


class CellAttention(nn.Module):
    """A causal transformer (Vaswani et al., 2017) whose step i asks about cell i, told of the cells before it.

    Cells are in order of bars and, within one, of players. Step i brings word of cell i - 1. How far ago that was, and
    whether it is the same player's, adds to the attention it gets.
    """

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.layers = nn.ModuleList(_Layer(width, heads) for _ in range(layers))
        self.ago = nn.Parameter(torch.zeros(layers, heads, MAX_BARS, 2))
        self.norm = nn.RMSNorm(width)

    def leanings(self, bars: int, players: int) -> Tensor:
        """What is added to the attention of each step for each: [layers, heads, N, N]."""
        step = torch.arange(bars * players)
        told = (step - 1).clamp(min=0)
        ago = (step.unsqueeze(1) // players - told // players).clamp(min=0)
        own = ((step.unsqueeze(1) % players == told % players) & (step > 0)).long()
        return self.ago[:, :, ago, own].masked_fill(step > step.unsqueeze(1), _NEVER)

    def forward(self, told: Tensor, leanings: Tensor, memory: Memory | None = None) -> Tensor:
        """What is known at steps that come after those in `memory`, which grows by them: [B, N, W] -> [B, N, W].

        Args:
            told: of each step.
            leanings: the rows of these steps, [layers, heads, N, M], M with those in memory.
            memory: an entry a layer, of nothing at first; none when all steps come at once.
        """
        for number, layer in enumerate(self.layers):
            told, kept = layer(told, leanings[number], memory[number] if memory else None)
            if memory is not None:
                memory[number] = kept
        out: Tensor = self.norm(told.float())
        return out

    def nothing(self) -> Memory:
        """The memory before the first step."""
        none = torch.zeros(1, self.heads, 0, self.norm.normalized_shape[0] // self.heads)
        return [(none, none) for _ in self.layers]


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.RMSNorm(width)
        self.asks = nn.Linear(width, 3 * width, bias=False)
        self.says = nn.Linear(width, width, bias=False)
        self.thinks = Residual(width, 3 * width)

    def forward(
        self, told: Tensor, leanings: Tensor, memory: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        batch, count, width = told.shape
        heads = self.asks(self.norm(told.float())).view(batch, count, 3, self.heads, -1).transpose(1, 3)
        asked, keys, values = heads.unbind(dim=2)
        if memory is not None:
            keys, values = torch.cat((memory[0], keys), dim=2), torch.cat((memory[1], values), dim=2)
        scores = (asked @ keys.transpose(2, 3)).float() * (width // self.heads) ** -0.5 + leanings
        heard = scores.softmax(dim=-1).to(values.dtype) @ values
        told = told + self.says(heard.transpose(1, 2).flatten(2))
        return self.thinks(told), (keys, values)
