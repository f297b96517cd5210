"""What the kernels look up: the model's embeddings, and what vocabulary, leanings and keys say."""

from math import exp, log2

import numpy as np
import torch
from torch import Tensor, nn

from inference.model.transformer import Composer
from inference.music.pitch import Key, Mode
from inference.tokens.busyness import LEVEL, LEVELS
from inference.tokens.grammar import MAX_HITS_AT_ONCE
from inference.tokens.leaning import root_leaning, shape_leaning
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES
from inference.tokens.tables import CHORD_SHAPES, DRUM_LANES, DRUM_SETS
from inference.tokens.touching import harmony_leaning
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, PITCH, POSITIONS, SHAPES, VALUE_FIELD

_MODES = (Mode.MAJOR, Mode.MINOR)
_KICK, _SNARE = (1 << DRUM_LANES.index(key) for key in (36, 38))
_STRUCK = 2


def music_tables() -> dict[str, Tensor]:
    """What holds for every model."""
    scales = [set(Key(0, mode).pitch_classes) for mode in _MODES]
    shapes = torch.zeros(len(_MODES), 12, SHAPES, dtype=torch.uint8)
    for mode, scale in enumerate(scales):
        for tone in range(12):
            for shape, mask in enumerate(CHORD_SHAPES, start=1):
                shapes[mode, tone, shape] = all((tone + up) % 12 in scale for up in _intervals(mask))
    bounds = [exp(LEVEL * (level + 0.5)) for level in range(-LEVELS, LEVELS)]
    counts = range(1, 1 + POSITIONS * MAX_HITS_AT_ONCE)
    chord = harmony_leaning(0.0, 1.0, _STRUCK)
    return {
        "root_leaning": torch.from_numpy(np.stack([root_leaning(mode) for mode in _MODES])),
        "shape_leaning": torch.from_numpy(
            np.stack([[shape_leaning(mode, tone) for tone in range(12)] for mode in _MODES])
        ),
        "chord_shares": torch.zeros(12) if chord is None else torch.from_numpy(chord[PITCH : PITCH + 12].copy()),
        "logarithms": torch.tensor([0.0, *(log2(count) / 5 for count in counts)]),
        "busy": torch.tensor(bounds, dtype=torch.float64),
        "scales": torch.tensor([sum(1 << tone for tone in scale) for scale in scales], dtype=torch.int32),
        "shape_masks": torch.tensor([0, *CHORD_SHAPES], dtype=torch.int32),
        "drum_flags": torch.tensor([_struck(mask) for mask in DRUM_SETS], dtype=torch.uint8),
        "shapes_in": shapes,
    }


def model_tables(model: Composer) -> dict[str, Tensor]:
    """Embeddings by row, in float32; of the cascade's, what its recurrent cell makes of them."""
    cascade, config = model.cascade, model.config
    cell = cascade.cell
    rates = 10_000.0 ** (-torch.arange(0, config.head_size, 2) / config.head_size)
    norms = [norm for block in model.blocks for norm in (block.attention_norm, block.hidden_norm)]
    return {
        "field_tables": _stacked(model.fields),
        "context_tables": _stacked(model.context),
        "content_table": model.content.weight.t().contiguous(),
        "norms": torch.stack([norm.weight for norm in (*norms, model.norm)]),
        "rates": rates,
        # A field before is always known, so its embedding carries the bias.
        "chosen_tables": _stacked(cascade.chosen) @ cell.weight_ih.t() + cell.bias_ih,
        "echo_tables": _stacked(cascade.echo) @ cell.weight_ih.t(),
        "context_at": _starts(CONTEXT_SIZES),
        "echo_at": _starts(ECHO_SIZES),
    }


def matrices(model: Composer) -> dict[str, Tensor]:
    """Weights [inputs, outputs] of all products of matrices, those that share an input side by side."""
    made: dict[str, Tensor] = {}
    for number, block in enumerate(model.blocks):
        attention = block.attention
        made[f"joint.{number}"] = _side_by_side(attention.query, attention.key, attention.value)
        made[f"out.{number}"] = _side_by_side(attention.out)
        made[f"wide.{number}"] = _side_by_side(block.gate, block.up)
        made[f"down.{number}"] = _side_by_side(block.down)
    return made


def head_matrices(model: Composer, field: int, columns: int) -> tuple[Tensor, Tensor]:
    """Weights [W, columns] and bias [columns] of all that a field's state is multiplied by; the last columns are 0."""
    cascade, cell = model.cascade, model.cascade.cell
    pulls = {HEAD_FIELD: [cascade.strokes], VALUE_FIELD: [cascade.before]}.get(field, [])
    layers = [layer for layer in (cascade.logits[field], *pulls) if isinstance(layer, nn.Linear)]
    parts = [(layer.weight, layer.bias) for layer in layers]
    if field < len(FIELD_SIZES) - 1:
        parts.append((cell.weight_hh, cell.bias_hh))
    weight, bias = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
    room = columns - len(bias)
    return nn.functional.pad(weight, (0, 0, 0, room)).t().contiguous(), nn.functional.pad(bias, (0, room))


def _side_by_side(*layers: nn.Module) -> Tensor:
    weights = [layer.weight for layer in layers if isinstance(layer, nn.Linear)]
    return torch.cat(weights).t().contiguous()


def _stacked(tables: nn.ModuleList) -> Tensor:
    return torch.cat([table.weight for table in tables if isinstance(table, nn.Embedding)])


def _starts(sizes: tuple[int, ...]) -> Tensor:
    return torch.tensor(np.cumsum([0, *sizes[:-1]]), dtype=torch.int32)


def _intervals(mask: int) -> list[int]:
    return [up for up in range(mask.bit_length()) if mask >> up & 1]


def _struck(mask: int) -> int:
    """1 kick, 2 snare, 4 anything, as the kernels have it."""
    return bool(mask & _KICK) + 2 * bool(mask & _SNARE) + 4 * bool(mask)
