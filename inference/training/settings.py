"""The settings of a training run, as `configs/train-*.toml` has them."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class TrainSettings(BaseModel):
    """One training run. It is planned in time, not in steps, so the learning rate falls with the clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    minutes: Annotated[float, Field(gt=0)]
    width: int = 256
    layers: int = 8
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 688
    cascade_width: int = 192
    window: int = 1024
    batch: Annotated[int, Field(gt=0, description="windows of steps an update sees before accumulation")] = 8
    accumulate: int = 1
    matrix_rate: float = 0.02
    other_rate: float = 2e-3
    warm_up_updates: int = 100
    decay_share: Annotated[float, Field(ge=0, le=1, description="last part of the time, over which rates fall")] = 0.4
    weight_decay: float = 0.05
    evaluate_every_minutes: float = 10.0
    save_every_minutes: float = 5.0
    prior_minutes: Annotated[float, Field(gt=0, description="processor time for the prior over points, at the end")] = (
        8.0
    )
    prior_stock: Annotated[int, Field(gt=0, description="real points that the prior chooses new ones from")] = 12_288
    genres: list[str]
    banks: list[Path] = []
    latent: Annotated[int, Field(ge=0, description="numbers a point of the embedding space has; 0 for none")] = 0
    latent_shown: Annotated[float, Field(ge=0, le=1, description="share of examples that are shown their points")] = 0.3
    latent_cost: Annotated[float, Field(ge=0, description="weight of a point's divergence against its hits")] = 0.012
    sketch_minutes: Annotated[float, Field(gt=0, description="processor time for the auto-encoder, at first")] = 32.0
    weights: dict[str, float] = {}
    validate_on: list[str] = ["metal", "rock"]
    begin_with: Annotated[Path | None, Field(description="a checkpoint, as large or smaller, to begin with")] = None
    seed: int = 2016
    compile: bool = True


def load_train_settings(path: Path) -> TrainSettings:
    """Raises OSError, tomllib.TOMLDecodeError or pydantic.ValidationError."""
    return TrainSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
