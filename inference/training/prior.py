"""Trains the prior of an embedding space: what points follow each other in songs of a genre."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from inference.latent.prior import Conditions, LatentPrior
from inference.latent.space import LatentSpace
from inference.latent.stored import load_space, save_space
from inference.music.spec import MAX_PLAYERS
from inference.tokens.state import PLAYER_COLUMNS
from inference.tokens.vocabulary import TRACK
from inference.training.bank import Bank
from inference.training.batches import Batch, collate
from inference.training.sampling import ExampleStream, Habits
from inference.training.settings import TrainSettings
from inference.training.trouble import CannotTrain

_BATCH = 32
_RATE = 1e-3
_FLOOR = 0.02
_LOG_EVERY = 50
_HABITS = {"whole_roster": 0.7, "longest": 0.7, "ending": 0.4, "free_order": 0.0, "ahead": 0.0}

Tell = Callable[[str], None]


def train_prior(
    checkpoint: Path, settings: TrainSettings, tell: Tell, stopped: Callable[[], bool] = lambda: False
) -> float:
    """Trains for the planned processor time, or until `stopped`, and adds the prior to the space's file.

    Returns:
        Mean -ln p of a bar of songs set aside for validation.

    Raises:
        CannotTrain: the checkpoint has no embedding space.
        CheckpointError: its file is damaged.
    """
    loaded = load_space(checkpoint)
    if loaded is None:
        raise CannotTrain(f"{checkpoint} has no embedding space; train one with `latent` in the config")
    torch.manual_seed(settings.seed)
    space, genres = loaded.space, tuple(settings.genres)
    prior = LatentPrior(len(genres), space.config.size)
    optimiser = torch.optim.AdamW(prior.parameters(), lr=_RATE, weight_decay=0.01)
    banks = [Bank.load(path) for path in settings.banks]
    stream = ExampleStream(banks, "train", Habits(settings.window, **_HABITS), genres, settings.seed)
    examples = stream.draw(settings.weights)
    _measure(space, prior, [collate(list(itertools.islice(examples, _BATCH)), settings.window) for _ in range(8)])
    begun = time.process_time()
    for update in itertools.count():
        spent = (time.process_time() - begun) / (60 * settings.prior_minutes)
        if spent >= 1 or stopped():
            break
        optimiser.param_groups[0]["lr"] = _RATE * max(_FLOOR, min(1.0, (1 - spent) / 0.5))
        loss = _loss(space, prior, collate(list(itertools.islice(examples, _BATCH)), settings.window))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if update % _LOG_EVERY == 0:
            tell(f"prior: update {update}, {loss.item():.2f} nats a bar")
    save_space(space, checkpoint, prior.eval())
    return _validated(space, prior, banks, settings)


@torch.no_grad()
def _validated(space: LatentSpace, prior: LatentPrior, banks: list[Bank], settings: TrainSettings) -> float:
    habits = Habits(settings.window, **_HABITS | {"hide": 0.0})
    stream = ExampleStream(banks, "valid", habits, tuple(settings.genres), seed=1)
    if not len(stream):
        return float("nan")
    examples = stream.draw(settings.weights)
    losses = [
        _loss(space, prior, collate(list(itertools.islice(examples, _BATCH)), settings.window)).item() for _ in range(4)
    ]
    return sum(losses) / len(losses)


@torch.no_grad()
def _measure(space: LatentSpace, prior: LatentPrior, batches: list[Batch]) -> None:
    """Where points lie, and how far apart."""
    points = torch.cat(
        [space.encoder(batch.inputs, batch.grid)[0][(batch.grid.cells > 0).any(dim=-1)] for batch in batches]
    )
    prior.center.copy_(points.mean(dim=0))
    prior.spread.copy_(points.std(dim=0).clamp(min=1e-3))


def _loss(space: LatentSpace, prior: LatentPrior, batch: Batch) -> Tensor:
    """Mean -ln p of a bar, with its point drawn as the encoder sees it."""
    cells, bars = batch.grid.cells, batch.grid.place.amax(dim=1)
    same, first = _repeats(cells)
    with torch.no_grad():
        center, log_variance = space.encoder(batch.inputs, batch.grid)
        drawn = center + torch.randn_like(center) * (0.5 * log_variance).exp()
        # What repeats is one bar, so it is one point.
        points = prior.normal(drawn.gather(1, first.unsqueeze(-1).expand_as(drawn)))
    costs = prior(points, same, bars, conditions_in(batch))
    counted = torch.arange(cells.shape[1]) < bars.unsqueeze(1)
    mean: Tensor = (costs * counted).sum() / counted.sum()
    return mean


def _repeats(cells: Tensor) -> tuple[Tensor, Tensor]:
    """Whether bar t plays what an earlier bar s did, bool [B, T, T], and the first bar that did, int64 [B, T]."""
    equal = (cells.unsqueeze(2) == cells.unsqueeze(1)).all(dim=-1)
    earlier = torch.ones(equal.shape[1:], dtype=torch.bool).tril(-1)
    return equal & earlier, equal.int().argmax(dim=-1)


def conditions_in(batch: Batch) -> Conditions:
    """What the songs of a batch were asked to be; their players are in their first steps."""
    fields, context = batch.inputs.fields[:, 1 : 1 + MAX_PLAYERS], batch.inputs.context[:, 1 : 1 + MAX_PLAYERS]
    named = (batch.grid.place[:, 1 : 1 + MAX_PLAYERS] == 0) & (fields[..., 0] >= TRACK)
    players = context[..., list(PLAYER_COLUMNS)] * named.unsqueeze(-1)
    return Conditions(batch.inputs.song, batch.inputs.genres, players)
