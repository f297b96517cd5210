"""Row 12: real songs through the embedding space and back, songs between two of them, and songs drawn from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch

from inference.engine.contract import ComposeJob, Engine
from inference.evaluation.comparison import judged_alone
from inference.evaluation.compose import Tell, compose_all
from inference.evaluation.estimate import bootstrap
from inference.evaluation.gaps import f1, sounds_in
from inference.evaluation.material import Excerpt
from inference.evaluation.report import Row
from inference.latent.contract import STEERED_TEMPERATURE
from inference.latent.course import REST, Course
from inference.latent.hits import hits_of
from inference.latent.points import Points, blocks_in
from inference.latent.space import divergence
from inference.latent.steering import Steering
from inference.music.genre import Genre
from inference.music.score import Score
from inference.music.spec import SamplingParams, SongSpec, Space
from inference.music.units import MAX_TEMPO, MIN_TEMPO
from inference.tokens.arrangement import Arrangement
from inference.tokens.source import read_source
from inference.training.bands import BARS

PIECES = 40  # a genre, at most
_PAIRS = 10
_RATIOS = (0.0, 0.25, 0.5, 0.75, 1.0)
_RECONSTRUCTED = 90.0
_HALF = 0.5
_WHOLE = range(BARS)


@dataclass(frozen=True)
class Through:
    """Real excerpts, each beside what was written from its points and what was written without."""

    excerpts: Sequence[Excerpt]
    steered: Sequence[Score]
    alone: Sequence[Score]


def from_space(steering: Steering, jobs: Sequence[ComposeJob]) -> list[ComposeJob]:
    """The same songs, but drawn from the embedding space; each take has points of its own."""
    drawn = []
    for job in jobs:
        sampling = replace(job.sampling, space=Space.EMBEDDING, temperature=STEERED_TEMPERATURE)
        course = steering.course(job.spec, sampling)
        drawn.append(ComposeJob(f"{job.id}-space", job.spec, sampling, course=course))
    return drawn


def latent_rows(
    steering: Steering, engine: Engine, genre: Genre, excerpts: Sequence[Excerpt], tell: Tell
) -> Iterator[Row]:
    """Reconstruction, what a block costs, and whether blends lie in order.

    Raises:
        CannotEvaluate: a song was not written.
    """
    chosen = excerpts[:PIECES]
    tell("through the embedding space and back")
    through = _through(steering, engine, genre, chosen)
    songs = [one.piece.song for one in chosen]
    for what, width in (("note", 3), ("onset", 2)):
        ours, alone = (
            bootstrap(np.array([_likeness(*pair, width) for pair in zip(chosen, scores, strict=True)]), songs)
            for scores in (through.steered, through.alone)
        )
        name = f"reconstruction, {what} F1, %"
        if what == "note":
            yield judged_alone(
                12, name, (None, ours), f">= {_RECONSTRUCTED:g}", lambda own: own.value >= _RECONSTRUCTED
            )
        else:
            yield Row(12, name, None, ours)
        yield Row(12, f"{name}: without its points", None, alone)
    nats = [_nats(steering, one.arrangement) for one in chosen]
    yield Row(12, "KL from N(0, 1), nats a block", None, bootstrap(np.array(nats), songs))
    tell("songs between two songs")
    yield from _blend_rows(steering, engine, genre, chosen)


def _through(steering: Steering, engine: Engine, genre: Genre, excerpts: Sequence[Excerpt]) -> Through:
    steered = [
        _job(f"latent-{genre.name}-{number}", genre, one.arrangement, number, _course(steering, one))
        for number, one in enumerate(excerpts)
    ]
    alone = [
        _job(f"plain-{genre.name}-{number}", genre, one.arrangement, number, None)
        for number, one in enumerate(excerpts)
    ]
    written = [song.score for _, song in compose_all(engine, [*steered, *alone], lambda _: None)]
    return Through(excerpts, written[: len(steered)], written[len(steered) :])


@torch.no_grad()
def _nats(steering: Steering, arrangement: Arrangement) -> float:
    """A block's on average, each counted once."""
    blocks, _ = blocks_in(arrangement)
    return float(divergence(*steering.space.encoder(hits_of(blocks))).sum(dim=-1).mean())


def _blend_rows(steering: Steering, engine: Engine, genre: Genre, excerpts: Sequence[Excerpt]) -> Iterator[Row]:
    """How far from the first song to the second the songs between two neighbours lie, as their own points tell."""
    pairs = list(pairwise(excerpts))[:_PAIRS]
    if not pairs:
        return
    blends = [_Blend.of(steering, *pair, ratio) for pair in pairs for ratio in _RATIOS]
    jobs = [
        _job(
            f"blend-{genre.name}-{number}", genre, blend.like, number // len(_RATIOS), steering.course_of(blend.points)
        )
        for number, blend in enumerate(blends)
    ]
    written = [song.score for _, song in compose_all(engine, jobs, lambda _: None)]
    gone = [blend.way(steering, score) for blend, score in zip(blends, written, strict=True)]
    ways = np.array(gone).reshape(len(pairs), len(_RATIOS))
    songs = range(len(pairs))
    for place, ratio in enumerate(_RATIOS):
        name = f"a blend at {ratio:g} lies so far from the first song to the second, %"
        yield Row(12, name, None, bootstrap(100 * ways[:, place], songs))
    in_order = 100 * (np.diff(ways, axis=1) > 0).mean(axis=1)
    means = ways.mean(axis=0)
    yield judged_alone(
        12,
        "steps of a blend that lead on, %",
        (None, bootstrap(in_order, songs)),
        "their mean never leads back",
        lambda _: bool((np.diff(means) >= 0).all()),
    )


@dataclass(frozen=True)
class _Blend:
    """A blend of two songs before it is written: the points of the nearer one, those it meets, and those in between."""

    like: Arrangement
    near: Points
    meeting: Points
    points: Points
    is_nearer_to_second: bool

    @classmethod
    def of(cls, steering: Steering, first: Excerpt, second: Excerpt, ratio: float) -> "_Blend":
        turned = ratio > _HALF
        near, far = (second.arrangement, first.arrangement) if turned else (first.arrangement, second.arrangement)
        share = 1 - ratio if turned else ratio
        here, meeting = (steering.between(near, far, way) for way in (0.0, 1.0))
        return cls(near, here, meeting, steering.between(near, far, share), turned)

    def way(self, steering: Steering, score: Score) -> float:
        """The share of the way from the first song to the second that a score's points have gone, block by block."""
        written = steering.points_in(read_source(score).arrangement)
        gone = total = 0.0
        for point, (bar, player) in enumerate(self.near.first):
            if bar >= len(written.cells) or player >= written.cells.shape[1] or written.cells[bar, player] == REST:
                continue
            here = self.near.values[point]
            way = self.meeting.values[point] - here
            gone += float(((written.values[int(written.cells[bar, player])] - here) * way).sum())
            total += float(way.square().sum())
        share = gone / max(total, 1e-9)
        return 1 - share if self.is_nearer_to_second else share


def _course(steering: Steering, excerpt: Excerpt) -> Course:
    return steering.course_of(steering.points_in(excerpt.arrangement))


def _likeness(excerpt: Excerpt, score: Score, width: int) -> float:
    return f1(sounds_in(excerpt.piece.score, _WHOLE), sounds_in(score, _WHOLE), width)


def _job(id: str, genre: Genre, like: Arrangement, seed: int, course: Course | None) -> ComposeJob:
    """A song that is asked to be what a real one is."""
    header = like.header
    tempo = min(MAX_TEMPO, max(MIN_TEMPO, header.tempo))
    spec = SongSpec(((genre.name, 1.0),), BARS, header.key, tempo, header.meter, header.players, header.density)
    sampling = SamplingParams(seed) if course is None else SamplingParams(seed, STEERED_TEMPERATURE)
    return ComposeJob(id, spec, sampling, course=course)
