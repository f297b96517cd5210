"""Trains the prior of an embedding space: what points follow each other in songs of a genre."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from inference.latent.prior import Conditions, LatentPrior
from inference.latent.space import LatentSpace
from inference.latent.stored import load_space, save_space
from inference.model.example import Example
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
_LOG_EVERY = 200
_NOISE = 0.2  # of the encoder's own
_READING = 0.3  # of the time; the rest goes into learning from what was read
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
    clock = _Clock(60 * settings.prior_minutes)
    songs = [_encoded(space, _batch(examples, settings))]
    while clock.share < _READING and not stopped():
        songs.append(_encoded(space, _batch(examples, settings)))
    _measure(prior, songs)
    chance = random.Random(settings.seed)
    for update in itertools.count():
        if clock.share >= 1 or stopped():
            break
        optimiser.param_groups[0]["lr"] = _RATE * max(_FLOOR, min(1.0, (1 - clock.share) / 0.5))
        loss = _loss(prior, chance.choice(songs))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if update % _LOG_EVERY == 0:
            tell(f"prior: update {update} over {len(songs) * _BATCH} excerpts, {loss.item():.2f} nats a bar")
    save_space(space, checkpoint, prior.eval())
    return _validated(space, prior, banks, settings)


class _Clock:
    """Shares of a planned processor time."""

    def __init__(self, planned_s: float) -> None:
        self._begun, self._planned_s = time.process_time(), planned_s

    @property
    def share(self) -> float:
        return (time.process_time() - self._begun) / self._planned_s


@dataclass(frozen=True)
class _Songs:
    """Excerpts as the encoder reads them: mean and log variance [B, bars, Z], and which bars repeat which."""

    mean: Tensor
    log_variance: Tensor
    same: Tensor
    first: Tensor
    bars: Tensor
    conditions: Conditions


def _batch(examples: Iterator[Example], settings: TrainSettings) -> Batch:
    return collate(list(itertools.islice(examples, _BATCH)), settings.window)


@torch.no_grad()
def _encoded(space: LatentSpace, batch: Batch) -> _Songs:
    mean, log_variance = space.encoder(batch.inputs, batch.grid)
    return _Songs(mean, log_variance, *_repeats(batch.grid.cells), batch.grid.place.amax(dim=1), conditions_in(batch))


@torch.no_grad()
def _validated(space: LatentSpace, prior: LatentPrior, banks: list[Bank], settings: TrainSettings) -> float:
    habits = Habits(settings.window, **_HABITS | {"hide": 0.0})
    stream = ExampleStream(banks, "valid", habits, tuple(settings.genres), seed=1)
    if not len(stream):
        return float("nan")
    examples = stream.draw(settings.weights)
    losses = [_loss(prior, _encoded(space, _batch(examples, settings))).item() for _ in range(4)]
    return sum(losses) / len(losses)


@torch.no_grad()
def _measure(prior: LatentPrior, songs: list[_Songs]) -> None:
    """Where points lie, and how far apart."""
    points = torch.cat([one.mean[torch.arange(one.mean.shape[1]) < one.bars.unsqueeze(1)] for one in songs])
    prior.center.copy_(points.mean(dim=0))
    prior.spread.copy_(points.std(dim=0).clamp(min=1e-3))


def _loss(prior: LatentPrior, songs: _Songs) -> Tensor:
    """Mean -ln p of a bar, with its point near where the encoder sees it."""
    # Numbers that say nothing are nothing but noise, and noise is not to be learnt.
    drawn = songs.mean + _NOISE * torch.randn_like(songs.mean) * (0.5 * songs.log_variance).exp()
    # What repeats is one bar, so it is one point.
    points = prior.normal(drawn.gather(1, songs.first.unsqueeze(-1).expand_as(drawn)))
    costs = prior(points, songs.same, songs.bars, songs.conditions)
    counted = torch.arange(points.shape[1]) < songs.bars.unsqueeze(1)
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
