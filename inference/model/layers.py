"""Transformer parts: RMS norm before, rotary positions, grouped keys and values, SwiGLU (Touvron et al., 2023)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.model.config import ModelConfig


class Attention(nn.Module):
    """Causal attention; `cache` of one layer is [2, B, KV, T, D]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = config.heads, config.kv_heads, config.head_size
        self.query = nn.Linear(config.width, config.heads * self.size, bias=False)
        self.key = nn.Linear(config.width, config.kv_heads * self.size, bias=False)
        self.value = nn.Linear(config.width, config.kv_heads * self.size, bias=False)
        self.out = nn.Linear(config.heads * self.size, config.width, bias=False)

    def forward(self, x: Tensor, turn: Tensor) -> Tensor:
        """X [B, T, C], turn [T, D] -> [B, T, C]; every step sees all before it."""
        query, key, value = self._project(x, turn)
        mixed = functional.scaled_dot_product_attention(query, self._shared(key), self._shared(value), is_causal=True)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out

    def step(self, x: Tensor, turn: Tensor, cache: Tensor, at: Tensor, visible: Tensor) -> Tensor:
        """One step a row: x [B, 1, C], turn [B, 1, D], writes the cache at [B] `at`, sees `visible` [B, 1, 1, T]."""
        query, key, value = self._project(x, turn.unsqueeze(1))
        rows = torch.arange(x.shape[0], device=x.device)
        cache[0, rows, :, at] = key[:, :, 0].to(cache.dtype)
        cache[1, rows, :, at] = value[:, :, 0].to(cache.dtype)
        # The heads that share keys stand where steps would, so that nothing of the cache is copied.
        grouped = query.reshape(x.shape[0], self.kv_heads, -1, self.size)  # [B, KV, H / KV, D]
        keys, values = cache.to(query.dtype)
        mixed = functional.scaled_dot_product_attention(grouped, keys, values, attn_mask=visible)
        out: Tensor = self.out(mixed.reshape(x.shape[0], 1, -1))
        return out

    def _project(self, x: Tensor, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query = self.query(x).unflatten(-1, (self.heads, self.size)).transpose(1, 2)  # [B, H, T, D]
        key = self.key(x).unflatten(-1, (self.kv_heads, self.size)).transpose(1, 2)
        value = self.value(x).unflatten(-1, (self.kv_heads, self.size)).transpose(1, 2)
        return rotate(query, turn), rotate(key, turn), value

    def _shared(self, part: Tensor) -> Tensor:
        """[B, KV, T, D] -> [B, H, T, D]."""
        return part.repeat_interleave(self.heads // self.kv_heads, dim=1)


class TransformerBlock(nn.Module):
    """Attention and feed-forward, each behind a norm and beside a residual path."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width)
        self.attention = Attention(config)
        self.hidden_norm = nn.RMSNorm(config.width)
        self.gate = nn.Linear(config.width, config.hidden, bias=False)
        self.up = nn.Linear(config.width, config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor, turn: Tensor) -> Tensor:
        """X [B, T, C] -> [B, T, C]."""
        return self._feed(x + self.attention(self.attention_norm(x), turn))

    def step(self, x: Tensor, turn: Tensor, cache: Tensor, at: Tensor, visible: Tensor) -> Tensor:
        """As `Attention.step`."""
        return self._feed(x + self.attention.step(self.attention_norm(x), turn, cache, at, visible))

    def _feed(self, x: Tensor) -> Tensor:
        normed = self.hidden_norm(x)
        out: Tensor = x + self.down(functional.silu(self.gate(normed)) * self.up(normed))
        return out


def turns(positions: Tensor, size: int) -> Tensor:
    """Cosines and sines of rotary positions (Su et al., 2021): [...] -> float [..., size]."""
    rates = 10_000.0 ** (-torch.arange(0, size, 2, device=positions.device) / size)
    angles = positions.unsqueeze(-1).float() * rates
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Turns the two halves of x [..., T, D] by `turn` [..., T, D]."""
    cos, sin = turn.to(x.dtype).chunk(2, dim=-1)
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cos - right * sin, left * sin + right * cos), dim=-1)
