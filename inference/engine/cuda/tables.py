"""The model's weights as the kernels look them up, and as they are multiplied."""

import numpy as np
import torch
from torch import Tensor, nn

from inference.model.transformer import Composer
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD, VALUE_FIELD


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
