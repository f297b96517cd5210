"""Where everything lies: the memory of the kernels, and the one structure that tells them. Mirrors parts.hpp."""

import ctypes
from collections.abc import Iterable

import torch
from torch import Tensor

from inference.engine.cuda.kernels import Kernels
from inference.engine.rules.constants import SETTINGS
from inference.engine.rules.song import HEADER_INTS
from inference.engine.rules.tables import music_tables
from inference.model.config import ModelConfig
from inference.music.spec import MAX_PLAYERS
from inference.music.units import MAX_EDITED_BARS
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES, STROKES
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, VALUE_FIELD, VELOCITY_FIELD

OUT, LISTS = 8, 6
_MARK = 8  # bytes
_POINTERS = (
    *("slots", "riffs", "marks", "rows", "cells", "headers", "seeds", "lists", "settings", "out", "content"),
    *music_tables(),
    *("field_tables", "context_tables", "content_table", "norms", "rates"),
    *("chosen_tables", "echo_tables", "context_at", "echo_at"),
    *("x", "summary", "state", "logits", "blind_state", "blind_logits"),
    *("out_of", "normed", "joint", "mixed", "wide", "gated", "cache"),
)
_SIZES = ("blind", "width", "layers", "heads", "kv_heads", "hidden", "cascade", "window", "slot_count")


class Place(ctypes.Structure):
    """Pointers and sizes, in the order of parts.hpp."""

    _fields_ = tuple(
        [(name, ctypes.c_void_p) for name in _POINTERS] + [(name, ctypes.c_int32) for name in _SIZES],
    )


def place_of(tensors: dict[str, Tensor], config: ModelConfig, slots: int, *, blind: bool) -> Place:
    """The structure over tensors that stay where they are; `blind` is for sequences that do not know the genre."""
    sizes = (
        blind,
        config.width,
        config.layers,
        config.heads,
        config.kv_heads,
        config.hidden,
        config.cascade_width,
        config.window,
        slots,
    )
    pointers = (tensors[name].data_ptr() if name in tensors else None for name in _POINTERS)
    return Place(*pointers, *sizes)


def row_of(field: int, cascade: int) -> int:
    """Numbers a row of a field's products: logits, pulls, the move to the next field; `row_of` of network.hpp."""
    pulls = {HEAD_FIELD: len(CONTEXT_SIZES) - STROKES, VALUE_FIELD: 1}.get(field, 0)
    moved = 3 * cascade if field < VELOCITY_FIELD else 0
    return -(-(FIELD_SIZES[field] + pulls + moved) // 8) * 8


def song_memory(kernels: Kernels, slots: int, device: torch.device) -> dict[str, Tensor]:
    """What is written of each song, whichever network writes it."""
    bars, players = MAX_EDITED_BARS, MAX_PLAYERS

    def bytes_of(size: int) -> Tensor:
        return torch.zeros(slots * size, dtype=torch.uint8, device=device)

    def numbers(kind: torch.dtype, *shape: int) -> Tensor:
        return torch.zeros((slots, *shape), dtype=kind, device=device)

    return {
        "slots": bytes_of(kernels.slot_bytes),
        "riffs": bytes_of(kernels.riff_bytes * bars * players),
        "marks": bytes_of(_MARK * bars * players),
        "rows": numbers(torch.int16, bars, players),
        "cells": numbers(torch.int16, bars, players),
        "headers": numbers(torch.int32, HEADER_INTS),
        "seeds": numbers(torch.int64),
        "lists": numbers(torch.int64, LISTS),
        "settings": numbers(torch.float64, len(SETTINGS)),
        "out": numbers(torch.int32, OUT),
        "content": numbers(torch.float32, CONTENT_SIZE),
    }


def step_memory(config: ModelConfig, count: int, kind: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    """What a step passes from one kernel to the next, of one sequence a song; `count` rows."""
    width, kv_width = config.width, config.kv_heads * config.head_size

    def rows(of: torch.dtype, size: int) -> Tensor:
        return torch.zeros(count, size, dtype=of, device=device)

    widest = max(row_of(field, config.cascade_width) for field in range(len(FIELD_SIZES)))
    return {
        "x": rows(torch.float32, width),
        "summary": rows(torch.float32, 2 * width),
        "state": rows(torch.float32, config.cascade_width),
        "logits": rows(torch.float32, widest),
        "out_of": rows(kind, width),
        "normed": rows(kind, width),
        "joint": rows(kind, width + 2 * kv_width),
        "mixed": rows(kind, width),
        "wide": rows(kind, 2 * config.hidden),
        "gated": rows(kind, config.hidden),
    }


def cache_memory(config: ModelConfig, slots: int, kind: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    """Keys and values of one sequence a song."""
    shape = (config.layers, 2, slots, config.kv_heads, config.window, config.head_size)
    return {"cache": torch.zeros(shape, dtype=kind, device=device)}


def bytes_in(tensors: Iterable[Tensor]) -> int:
    """Of all of them."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
