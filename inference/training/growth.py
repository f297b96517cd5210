"""Begins a network with the weights of one that is as large or smaller; it then writes what that one writes.

Added width is read by all but written by nothing yet, added heads and hidden units are heard by nothing yet, added
layers add nothing yet; all learn from the second update on at the latest. (Net2Net, Chen et al., 2016, doubles units
instead and needs noise to tell the twins apart.)
"""

from math import sqrt

import torch
from torch import Tensor, nn

from inference.latent.config import LatentConfig
from inference.latent.prior import LatentPrior
from inference.latent.space import LatentSpace
from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError
from inference.model.transformer import Composer

_BLOCKS = "blocks."
_ADDS = ("out.weight", "down.weight")  # a layer's part that adds to the residual path
_TABLES = ("fields.", "context.", "song.")
_CONTENT = "content.weight"
_GENRES, _START = "genres.weight", "cascade.start.weight"


@torch.no_grad()
def grow(model: Composer, begun: Composer) -> None:
    """Gives `model` the weights of `begun`. A genre that `begun` does not know begins as songs of no genre are.

    Raises:
        CheckpointError: `model` is smaller somewhere, or its attention heads or its cascade differ.
    """
    _check(model.config, begun.config)
    old = dict(begun.named_parameters())
    for name, weight in model.named_parameters():
        if name == _GENRES:
            _begin_genres(weight, old[name], model.config.genres, begun.config.genres)
        elif name == _START:  # reads two summaries of the trunk's width, one beside the other
            for new_half, old_half in zip(weight.chunk(2, dim=1), old[name].chunk(2, dim=1), strict=True):
                _begin(new_half, old_half)
        elif name.startswith(_TABLES):
            _begin_writer(weight.T, old[name].T)
        elif name == _CONTENT:
            _begin_writer(weight, old[name])
        elif name.startswith(_BLOCKS):
            _begin_layer(name, weight, old, model.config.layers, begun.config.layers)
        else:
            _begin(weight, old[name])


@torch.no_grad()
def grow_space(space: LatentSpace, begun: LatentSpace) -> None:
    """Gives the space of a composer that may have grown what the space of another has learnt.

    Raises:
        CheckpointError: their points are of different sizes.
    """
    if space.config != begun.config:
        raise CheckpointError(f"points have {space.config.size} numbers, those to begin with {begun.config.size}")
    space.encoder.load_state_dict(begun.encoder.state_dict())
    space.sketch.load_state_dict(begun.sketch.state_dict())
    for weight, old in zip(space.told, begun.told, strict=True):
        weight.zero_()[: len(old)] = old


@torch.no_grad()
def with_genres(
    prior: LatentPrior, genres: tuple[str, ...], begun: tuple[str, ...], space: LatentConfig
) -> LatentPrior:
    """A prior that draws as this one does, for a model that knows other genres; new ones begin as none."""
    columns = _columns(genres, begun)
    other = LatentPrior(len(genres), space, prior.config)
    kept = prior.state_dict()
    kept["genres.weight"], kept["leanings"] = kept["genres.weight"][:, columns], kept["leanings"][columns]
    other.load_state_dict(kept)
    return other


def _check(config: ModelConfig, begun: ModelConfig) -> None:
    for name in ("width", "layers", "heads", "hidden"):
        if getattr(config, name) < getattr(begun, name):
            raise CheckpointError(f"a model of {name} {getattr(config, name)} cannot begin with one of more")
    if config.head_size != begun.head_size or config.heads * begun.kv_heads != begun.heads * config.kv_heads:
        raise CheckpointError("a model can begin with another only if their attention heads are alike")
    if config.cascade_width != begun.cascade_width:
        raise CheckpointError(f"a model can begin with one of cascade_width {begun.cascade_width} only with the same")


def _begin_layer(name: str, weight: Tensor, old: dict[str, nn.Parameter], layers: int, begun_layers: int) -> None:
    """Layers that are added stand among the others, each as the one before it, but for what it adds: nothing."""
    _, number, part = name.split(".", 2)
    source = int(number) * begun_layers // layers
    is_added = int(number) > 0 and (int(number) - 1) * begun_layers // layers == source
    if is_added and part.endswith(_ADDS):
        weight.zero_()
    else:
        begin = _begin_writer if part.endswith(_ADDS) else _begin
        begin(weight, old[f"{_BLOCKS}{source}.{part}"])


def _begin(weight: Tensor, old: Tensor) -> None:
    """What is new stays as it is."""
    if weight.dim() == 1:
        # Norms divide by the root of a mean, and the mean is over more numbers now, those that are new being zeros.
        weight.fill_(float(old.mean()))[: len(old)] = old * sqrt(len(old) / len(weight))
    else:
        weight[: len(old), : old.shape[1]] = old


def _begin_writer(weight: Tensor, old: Tensor) -> None:
    """What is new writes nothing: [to, from]."""
    weight.zero_()[: len(old), : old.shape[1]] = old


def _begin_genres(weight: Tensor, old: Tensor, genres: tuple[str, ...], begun: tuple[str, ...]) -> None:
    weight.zero_()[: len(old)] = old[:, _columns(genres, begun)]


def _columns(genres: tuple[str, ...], begun: tuple[str, ...]) -> list[int]:
    """Where each of the genres, and none, was before; the last is none."""
    none = len(begun)
    return [begun.index(genre) if genre in begun else none for genre in genres] + [none]
