"""Trains the prior of an embedding space: what points follow each other in songs of a genre."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from inference.latent.course import REST
from inference.latent.points import Points, points_of
from inference.latent.prior import Conditions, LatentPrior, Songs
from inference.latent.songs import conditions_of
from inference.latent.space import LatentSpace
from inference.latent.stored import load_space, save_space
from inference.music.units import MAX_BARS
from inference.training.bank import Bank
from inference.training.sampling import ExampleStream, Habits
from inference.training.settings import TrainSettings
from inference.training.trouble import CannotTrain

_BATCH = 16
_RATE = 1e-3
_FLOOR = 0.02
_LOG_EVERY = 50
_READING = 0.3  # of the time; the rest goes into learning from what was read
_ROUNDS = 12  # of k-means
_NARROWEST = 0.05
_FEW = 8.0
_MOST_POINTS = 100_000
_HABITS = {"whole_roster": 0.3, "longest": 0.2, "ending": 0.4, "free_order": 0.0, "ahead": 0.0}
_VALIDATED = 8  # batches

Tell = Callable[[str], None]


def train_prior(
    checkpoint: Path, settings: TrainSettings, tell: Tell, stopped: Callable[[], bool] = lambda: False
) -> float:
    """Trains for the planned processor time, or until `stopped`, and adds the prior to the space's file.

    Returns:
        Mean -ln p of what a player does in a bar of songs set aside for validation.

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
    read = _read(space, _stream(banks, "train", settings), settings)
    clock = _Clock(60 * settings.prior_minutes)
    songs = [next(read)]
    while clock.share < _READING and not stopped():
        songs.append(next(read))
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
            tell(f"prior: update {update} over {len(songs) * _BATCH} excerpts, {loss.item():.2f} nats a bar and player")
    save_space(space, checkpoint, prior.eval())
    return _validated(space, prior, banks, settings)


class _Clock:
    """Shares of a planned processor time."""

    def __init__(self, planned_s: float) -> None:
        self._begun, self._planned_s = time.process_time(), planned_s

    @property
    def share(self) -> float:
        return (time.process_time() - self._begun) / self._planned_s


def _stream(banks: list[Bank], split: str, settings: TrainSettings, seed: int | None = None) -> ExampleStream:
    habits = Habits(settings.window, **_HABITS)
    return ExampleStream(banks, split, habits, tuple(settings.genres), settings.seed if seed is None else seed)


def _read(space: LatentSpace, stream: ExampleStream, settings: TrainSettings) -> Iterator[Songs]:
    """Batches of excerpts of equally many players, as points that are not normal ones yet."""
    genres = tuple(settings.genres)
    bins: dict[int, list[tuple[Points, Conditions]]] = {}
    for arrangement in stream.excerpts(settings.weights):
        alike = bins.setdefault(len(arrangement.header.players), [])
        alike.append((points_of(space.encoder, arrangement), conditions_of(arrangement.header, genres)))
        if len(alike) == _BATCH:
            yield songs_of(alike)
            alike.clear()


def songs_of(songs: list[tuple[Points, Conditions]]) -> Songs:
    """A batch of songs of equally many players; what is beyond a song's last bar is a rest."""
    players, size = songs[0][0].cells.shape[1], songs[0][0].values.shape[1]
    bars = torch.tensor([len(points.cells) for points, _ in songs])
    cells = torch.full((len(songs), min(MAX_BARS, int(bars.max())), players), REST)
    values = torch.zeros(*cells.shape, size)
    for number, (points, _) in enumerate(songs):
        cells[number, : len(points.cells)] = torch.from_numpy(points.cells)
        played = cells[number] != REST
        values[number][played] = points.values[cells[number][played]]
    earlier = torch.ones(cells.shape[1], cells.shape[1], dtype=torch.bool).tril(-1).unsqueeze(1)
    again = cells.unsqueeze(-1) == cells.transpose(1, 2).unsqueeze(1)
    plays = cells != REST
    conditions = Conditions(
        *(torch.cat([getattr(asked, part) for _, asked in songs]) for part in ("song", "genres", "players"))
    )
    return Songs(values, plays, again & earlier & plays.unsqueeze(-1), bars, conditions)


@torch.no_grad()
def _validated(space: LatentSpace, prior: LatentPrior, banks: list[Bank], settings: TrainSettings) -> float:
    stream = _stream(banks, "valid", settings, seed=1)
    if not len(stream):
        return float("nan")
    batches = itertools.islice(_read(space, stream, settings), _VALIDATED)
    losses = [_loss(prior, songs).item() for songs in batches]
    return sum(losses) / len(losses)


@torch.no_grad()
def _measure(prior: LatentPrior, songs: list[Songs]) -> None:
    """Where points lie: their mean and spread, and Gaussians by k-means (each different block counts once)."""
    points = torch.cat([one.values[one.plays & ~one.same.any(dim=-1)] for one in songs])
    points = points[torch.randperm(len(points))[:_MOST_POINTS]]
    prior.center.copy_(points.mean(dim=0))
    prior.spread.copy_(points.std(dim=0).clamp(min=1e-3))
    points = prior.normal(points)
    means = points[torch.arange(len(prior.means)) % len(points)].clone()
    nearest = _nearest(points, means)
    for _ in range(_ROUNDS):
        count = torch.bincount(nearest, minlength=len(means)).unsqueeze(1)
        sums = torch.zeros_like(means).index_add(0, nearest, points)
        means = torch.where(count > 0, sums / count.clamp(min=1), means)
        nearest = _nearest(points, means)
    count = torch.bincount(nearest, minlength=len(means)).unsqueeze(1)
    squares = torch.zeros_like(means).index_add(0, nearest, (points - means[nearest]).square())
    usual = squares.sum(dim=0) / len(points)
    # A Gaussian of few points is about as wide as all are.
    prior.means.copy_(means)
    prior.widths.copy_(((squares + _FEW * usual) / (count + _FEW)).sqrt().clamp(min=_NARROWEST))


def _nearest(points: Tensor, means: Tensor) -> Tensor:
    half = means.square().sum(dim=1) / 2
    return torch.cat([(part @ means.T - half).argmax(dim=1) for part in torch.split(points, 8192)])


def _loss(prior: LatentPrior, songs: Songs) -> Tensor:
    """Mean -ln p of what a player does in a bar."""
    normal = torch.where(songs.plays.unsqueeze(-1), prior.normal(songs.values), 0.0)
    costs = prior(replace(songs, values=normal))
    counted = torch.arange(costs.shape[1]) < songs.bars.unsqueeze(1)
    mean: Tensor = (costs.mean(dim=-1) * counted).sum() / counted.sum()
    return mean
