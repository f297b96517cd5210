"""Trains the prior of an embedding space: what points follow each other in songs of a genre."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from inference.latent.config import PriorConfig
from inference.latent.drawing import Drawing, Stock
from inference.latent.hits import hits_of
from inference.latent.points import Points, blocks_in
from inference.latent.prior import Costs, LatentPrior
from inference.latent.songs import Excerpt, Songs, conditions_of, likeness_of, songs_of
from inference.latent.space import LatentSpace
from inference.latent.stored import load_space, save_space
from inference.training.bands import Bands, played_by
from inference.training.bank import Bank
from inference.training.lean import Example, examples_of, lean_all
from inference.training.sampling import ExampleStream, Habits
from inference.training.settings import TrainSettings
from inference.training.trouble import CannotTrain

_CELLS = 1536  # of a batch, at most: bars x players x songs, with what is filled up
_RATE = 2e-3
_WARM_UP = 50  # updates
_TAUGHT = 0.7  # of the time; then each genre's leanings are found
_POINTS = 0.3  # weight of what is new against the form
_OTHERS = 1536  # points of the stock that are new nowhere in a batch
_LOG_EVERY = 50
_READING = 0.2  # of the time; the rest goes into learning from what was read
_HABITS = {"whole_roster": 0.3, "longest": 0.2, "ending": 0.4, "free_order": 0.0, "ahead": 0.0}
_VALIDATED = 128  # excerpts
_AT_ONCE = 2048

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Read:
    """An excerpt, half as precise, and its points."""

    points: Points
    excerpt: Excerpt


@dataclass(frozen=True)
class Taught:
    """What is learnt from: excerpts, half as precise, and what the sketch knows of the stock's points."""

    excerpts: list[Excerpt]
    stock: Tensor


@dataclass(frozen=True)
class Validated:
    """Of songs set aside, nats of a bar and player for its form, and of what is new among hundreds of others."""

    form: float
    points: float


def train_prior(
    checkpoint: Path, settings: TrainSettings, bands: Bands, tell: Tell, stopped: Callable[[], bool] = lambda: False
) -> Validated:
    """Trains for the planned processor time, or until `stopped`, and adds the prior to the space's file.

    Leanings are found for genres with a band, by the songs that it could play.

    Raises:
        CannotTrain: the checkpoint has no embedding space.
        CheckpointError: its file is damaged.
    """
    loaded = load_space(checkpoint)
    if loaded is None:
        raise CannotTrain(f"{checkpoint} has no embedding space; train one with `latent` in the config")
    torch.manual_seed(settings.seed)
    space, genres = loaded.space, tuple(settings.genres)
    prior = LatentPrior(len(genres), space.config, PriorConfig(stock=settings.prior_stock))
    banks = [Bank.load(path) for path in settings.banks]
    clock = Clock(60 * settings.prior_minutes)
    source = read_excerpts(space, _stream(banks, "train", settings), settings)
    read = [next(source)]
    while clock.share < _READING and not stopped():
        read.append(next(source))
    measure(prior, [one.points.values for one in read])
    teach(prior, Taught([one.excerpt for one in read], stock_of(prior, space)), clock, tell, stopped)
    drawing = Drawing(prior.eval(), space.sketch, Stock.of(prior, space.sketch))

    def real(number: int) -> list[Example]:
        name = genres[number]
        band = bands.get(name)
        return [] if band is None else examples_of(space, played_by(banks, name, band, "train", settings.seed), genres)

    lean_all(drawing, real, lambda: clock.share, stopped)
    save_space(space, checkpoint, prior)
    aside = _stream(banks, "valid", settings, seed=1)
    if not len(aside):
        return Validated(float("nan"), float("nan"))
    some = itertools.islice(read_excerpts(space, aside, settings), _VALIDATED)
    return validated(prior, Taught([one.excerpt for one in some], stock_of(prior, space)))


class Clock:
    """Shares of a planned processor time."""

    def __init__(self, planned_s: float) -> None:
        self._begun, self._planned_s = time.process_time(), planned_s

    @property
    def share(self) -> float:
        return (time.process_time() - self._begun) / self._planned_s


def measure(prior: LatentPrior, points: list[Tensor]) -> None:
    """Learns where points [K, Z] of each excerpt lie, and stocks up on them, on as many of each excerpt."""
    every = torch.cat(points).float()
    prior.center.copy_(every.mean(dim=0))
    prior.spread.copy_(every.std(dim=0, correction=0).clamp(min=1e-3))
    turns = torch.cat([torch.randperm(len(some)) for some in points])
    first = turns.argsort(stable=True)
    prior.stock.copy_(every[first[torch.arange(len(prior.stock)) % len(first)]])


def teach(
    prior: LatentPrior, taught: Taught, clock: Clock, tell: Tell, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Until the clock is nearly through."""
    optimiser = torch.optim.AdamW(prior.parameters(), lr=_RATE, weight_decay=0.02, betas=(0.9, 0.98))
    chance = random.Random(0)
    batches = itertools.chain.from_iterable(batches_of(taught.excerpts, chance) for _ in itertools.count())
    begun = clock.share
    for update, songs in enumerate(batches):
        if clock.share >= _TAUGHT or stopped():
            break
        left = (_TAUGHT - clock.share) / (_TAUGHT - begun)
        optimiser.param_groups[0]["lr"] = _RATE * min(1.0, (1 + update) / _WARM_UP, left / 0.6)
        with _in_half():
            costs = prior(songs, taught.stock[torch.randperm(len(taught.stock))[:_OTHERS]].float())
        form, points = _means(songs, costs)
        (form + _POINTS * points).backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if update % _LOG_EVERY == 0:
            tell(
                f"prior: update {update} over {len(taught.excerpts)} excerpts, "
                f"{form.item():.2f} nats a bar and player, and {points.item():.2f} where it is new"
            )


def _in_half() -> AbstractContextManager[None]:
    return torch.autocast("cpu", torch.bfloat16)


def _stream(banks: list[Bank], split: str, settings: TrainSettings, seed: int | None = None) -> ExampleStream:
    habits = Habits(settings.window, **_HABITS)
    return ExampleStream(banks, split, habits, tuple(settings.genres), settings.seed if seed is None else seed)


def read_excerpts(space: LatentSpace, stream: ExampleStream, settings: TrainSettings) -> Iterator[Read]:
    """Excerpts in which somebody plays."""
    genres = tuple(settings.genres)
    for arrangement in stream.excerpts(settings.weights):
        blocks, cells = blocks_in(arrangement)
        if not blocks:
            continue
        with torch.no_grad(), _in_half():
            values, _ = space.encoder(hits_of(blocks))
            known = known_of(space, values)
        excerpt = Excerpt(Points(known, cells), likeness_of(blocks), conditions_of(arrangement.header, genres))
        yield Read(Points(values.half(), cells), excerpt)


@torch.no_grad()
def known_of(space: LatentSpace, points: Tensor) -> Tensor:
    """What the sketch knows of points, half as precise: [K, Z] -> [K, W]."""
    return torch.cat([space.sketch.known(part).float() for part in torch.split(points, _AT_ONCE)]).half()


def stock_of(prior: LatentPrior, space: LatentSpace) -> Tensor:
    """What the sketch knows of the stock."""
    return known_of(space, prior.stock)


def batches_of(excerpts: list[Excerpt], chance: random.Random) -> Iterator[Songs]:
    """Each excerpt once, beside others of as many players and about as many bars."""
    alike = sorted(excerpts, key=lambda one: (*one.points.cells.shape[::-1], chance.random()))
    batches: list[list[Excerpt]] = [[]]
    for excerpt in alike:
        bars, players = excerpt.points.cells.shape
        first = batches[-1][0].points.cells.shape[1] if batches[-1] else players
        if batches[-1] and (first != players or (len(batches[-1]) + 1) * bars * players > _CELLS):
            batches.append([])
        batches[-1].append(excerpt)
    chance.shuffle(batches)
    for batch in batches:
        yield songs_of(batch)


@torch.no_grad()
def validated(prior: LatentPrior, aside: Taught) -> Validated:
    """What songs cost on average, each as much as it has cells."""
    sums = torch.zeros(3)
    for songs in batches_of(aside.excerpts, random.Random(0)):
        form, points = _means(songs, prior(songs, aside.stock[:_OTHERS].float()))
        cells = int(songs.bars.sum()) * songs.cells.shape[2]
        sums += torch.tensor([cells, cells * form.item(), cells * points.item()])
    return Validated(*(sums[1:] / sums[0]).tolist())


def _means(songs: Songs, costs: Costs) -> tuple[Tensor, Tensor]:
    """Of a bar and player, and of a new point."""
    counted = torch.arange(costs.form.shape[1]) < songs.bars.unsqueeze(1)
    form = (costs.form.mean(dim=-1) * counted).sum() / counted.sum()
    return form, costs.points.sum() / max(1, len(costs.points))
