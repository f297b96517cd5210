"""An embedding space in a file beside the checkpoint that it steers."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from inference.latent.config import LatentConfig
from inference.latent.contract import space_path
from inference.latent.prior import LatentPrior
from inference.latent.space import LatentSpace
from inference.model.errors import CheckpointError
from inference.model.stored import ENTRY, checkpoint_hash, guarded

FORMAT = "lnh-latent-2"
_SPACE, _PRIOR = "space", "prior"


@dataclass(frozen=True)
class StoredSpace:
    """An embedding space, and the prior over its points once that is trained."""

    space: LatentSpace
    prior: LatentPrior | None


def save_space(space: LatentSpace, checkpoint: Path, prior: LatentPrior | None = None) -> None:
    """Writes half-precision weights, marked as those of the checkpoint, which must be written already."""
    parts = nn.ModuleDict({_SPACE: space} | ({} if prior is None else {_PRIOR: prior}))
    weights = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in parts.state_dict().items()}
    config = asdict(space.config) | {"width": space.steering.out_features}
    config["genres"] = None if prior is None else prior.genres.in_features - 1
    entry = json.dumps({"format": FORMAT, "checkpoint": checkpoint_hash(checkpoint), "config": config}, sort_keys=True)
    save_file(weights, space_path(checkpoint), {ENTRY: entry})


def load_space(checkpoint: Path) -> StoredSpace | None:
    """The embedding space of a checkpoint, in float32; None if it has none.

    Raises:
        CheckpointError: the file is damaged, or is that of another checkpoint.
    """
    path = space_path(checkpoint)
    if not path.exists():
        return None
    with guarded(path), safe_open(path, framework="pt") as file:
        entry = json.loads((file.metadata() or {}).get(ENTRY, "{}"))
        if entry.get("format") != FORMAT or entry.get("checkpoint") != checkpoint_hash(checkpoint):
            raise CheckpointError(f"{path} does not belong to {checkpoint}")
        config = dict(entry["config"])
        width, genres = config.pop("width"), config.pop("genres")
        space = LatentSpace(LatentConfig(**config), width)
        prior = None if genres is None else LatentPrior(genres, space.config.size)
        parts = nn.ModuleDict({_SPACE: space} | ({} if prior is None else {_PRIOR: prior}))
        parts.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118  # not a dict
    parts.eval()
    return StoredSpace(space, prior)
