"""Begins a run with a checkpoint that is trained already: its shape and genres, its weights, what stands beside it."""

from pathlib import Path

from inference.latent.stored import load_space, save_space
from inference.model.checkpoint import load_checkpoint
from inference.model.stored import read_checkpoint
from inference.model.transformer import Composer
from inference.training.growth import grow, grow_space, with_genres
from inference.training.settings import TrainSettings
from inference.training.train import Run

_SHAPE = ("width", "layers", "heads", "kv_heads", "hidden", "cascade_width", "window")


def shaped_as(settings: TrainSettings, checkpoint: Path) -> TrainSettings:
    """`settings` with the checkpoint's shape where they set none, and its genres before those they name.

    Raises:
        CheckpointError: the checkpoint or its space is missing or damaged.
    """
    config, _ = read_checkpoint(checkpoint)
    stored = load_space(checkpoint)
    shape = {name: getattr(config, name) for name in _SHAPE} | {"latent": stored.space.config.size if stored else 0}
    unset = {name: value for name, value in shape.items() if name not in settings.model_fields_set}
    genres = [*config.genres, *(genre for genre in settings.genres if genre not in config.genres)]
    return settings.model_copy(update={**unset, "genres": genres, "begin_with": checkpoint})


class Beginning:
    """The checkpoint that a run begins with."""

    def __init__(self, checkpoint: Path) -> None:
        """Raises CheckpointError."""
        self._model = load_checkpoint(checkpoint)
        self._stored = load_space(checkpoint)

    @property
    def has_space(self) -> bool:
        """Whether encoder and sketch are taught already."""
        return self._stored is not None

    def give(self, run: Run) -> None:
        """Gives a new run the weights. Raises CheckpointError when its shape does not allow it."""
        grow(run.model, self._model)
        if run.space is not None and self._stored is not None:
            grow_space(run.space, self._stored.space)

    def bits(self, run: Run) -> dict[str, float]:
        """What the songs set aside cost before anything was learnt, as `Run.bits` says it."""
        model = Composer(run.model.config).to(run.device)
        grow(model, self._model)
        return run.bits(model.eval())

    def keep_prior(self, run: Run) -> bool:
        """Adds the prior to the run's space; False when there is none or its points are not the run's."""
        stored = self._stored
        if stored is None or stored.prior is None or run.space is None:
            return False
        prior = with_genres(stored.prior.prior, run.genres, self._model.config.genres, stored.space.config)
        save_space(run.space, run.checkpoint, prior)
        return True
