"""An embedding space in a file beside the checkpoint that it steers."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from inference.latent.agreement import Sounds
from inference.latent.config import LatentConfig, PriorConfig
from inference.latent.contract import space_path
from inference.latent.drawing import Stock
from inference.latent.prior import LatentPrior
from inference.latent.space import LatentSpace
from inference.model.errors import CheckpointError
from inference.model.stored import checkpoint_hash
from inference.model.tensor_file import Kind, metadata_of, opened, tensors_in

_KIND = Kind("an embedding space", "lnh-latent-5", CheckpointError)
_SPACE, _PRIOR, _KNOWN, _SOUNDS = "space", "prior", "stock.known", "stock.sounds"


@dataclass(frozen=True)
class StoredPrior:
    """A prior, and what it draws from."""

    prior: LatentPrior
    stock: Stock


@dataclass(frozen=True)
class StoredSpace:
    """An embedding space, and the prior over its points once that is trained."""

    space: LatentSpace
    prior: StoredPrior | None


def save_space(space: LatentSpace, checkpoint: Path, prior: LatentPrior | None = None) -> None:
    """Writes half-precision weights, marked as those of the checkpoint, which must be written already.

    What the stock sounds like is written as well: to hear it all takes seconds.
    """
    parts = nn.ModuleDict({_SPACE: space} | ({} if prior is None else {_PRIOR: prior}))
    weights = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in parts.state_dict().items()}
    config = asdict(space.config) | {"width": space.steering.out_features}
    config["prior"] = None if prior is None else asdict(prior.config) | {"genres": prior.genres.in_features - 1}
    if prior is not None:
        stock = Stock.of(prior, space.sketch)
        weights |= {_KNOWN: stock.known.to(torch.float16), _SOUNDS: stock.sounds.values}
    said = {"checkpoint": checkpoint_hash(checkpoint), "config": config}
    save_file(weights, space_path(checkpoint), metadata_of(_KIND, said))


def load_space(checkpoint: Path) -> StoredSpace | None:
    """The embedding space of a checkpoint, in float32; None if it has none.

    Raises:
        CheckpointError: the file is damaged, of another format, or that of another checkpoint.
    """
    path = space_path(checkpoint)
    if not path.exists():
        return None
    with opened(path, _KIND, framework="pt") as (entry, file):
        if entry.get("checkpoint") != checkpoint_hash(checkpoint):
            raise CheckpointError(f"{path} does not belong to {checkpoint}")
        config = dict(entry["config"])
        width, shape = config.pop("width"), config.pop("prior")
        space = LatentSpace(LatentConfig(**config), width)
        prior = None if shape is None else _prior_of(shape, space.config)
        parts = nn.ModuleDict({_SPACE: space} | ({} if prior is None else {_PRIOR: prior}))
        weights = tensors_in(file)
        known, sounds = (weights.pop(name, None) for name in (_KNOWN, _SOUNDS))
        parts.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    parts.eval()
    if prior is None or known is None or sounds is None:
        return StoredSpace(space, None)
    return StoredSpace(space, StoredPrior(prior, Stock(prior.stock, known.float(), Sounds(sounds))))


def _prior_of(shape: dict[str, int], space: LatentConfig) -> LatentPrior:
    config = dict(shape)
    genres = config.pop("genres")
    return LatentPrior(genres, space, PriorConfig(**config))
