"""Teaching the critic to tell written songs from real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from inference.critic.judge import Critic, lacking, measured, spread_out
from inference.critic.lines import Floats
from inference.critic.measures import MEASURES
from inference.engine.contract import ComposeJob
from inference.evaluation.compose import Tell, compose_all
from inference.evaluation.evaluate import Complete, Plan, Subject, running
from inference.evaluation.material import BARS, Draw, Piece, load_banks, real_excerpts
from inference.model.stored import checkpoint_hash
from inference.music.genre import Genre
from inference.music.spec import SamplingParams, SongSpec

SLOTS = 8
_REAL_A_WRITTEN = 2  # excerpts of training songs a written song
_PENALTY = 0.01  # sklearn's C, chosen on validation songs
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Takes:
    """Written songs of one genre: `count` in a row are of one spec, and share its number as their song.

    rows: float [N, MEASURES], what the critic hears in them.
    """

    genre: Genre
    pieces: tuple[Piece, ...]
    count: int
    rows: Floats

    def chosen(self, merit: Floats) -> tuple[Piece, ...]:
        """Of each spec the take of greatest merit; float [N]."""
        best = merit.reshape(-1, self.count).argmax(axis=1)
        return tuple(self.pieces[spec * self.count + take] for spec, take in enumerate(best.tolist()))


def write_takes(subject: Subject, plan: Plan, count: int, complete: Complete, tell: Tell) -> list[Takes]:
    """Composes `plan.songs` specs a genre, each so many times.

    Raises:
        CannotEvaluate: a song was not written.
        CheckpointError: the checkpoint is missing or damaged.
    """
    written = []
    with running(subject, SLOTS) as engine:
        for genre in plan.genres:
            tell(f"{genre.title}: {plan.songs * count} songs")
            songs = compose_all(engine, _jobs(genre, plan, count, complete), lambda _: None)
            pieces = tuple(Piece(song.score, number // count, job.spec) for number, (job, song) in enumerate(songs))
            written.append(Takes(genre, pieces, count, measure_pieces(genre, pieces)))
    return written


def _jobs(genre: Genre, plan: Plan, count: int, complete: Complete) -> list[ComposeJob]:
    spec = SongSpec(((genre.name, 1.0),), BARS, roster=genre.roster)
    return [
        ComposeJob(
            f"{genre.name}-{seed}-{take}", complete(spec, seed), SamplingParams(seed, take=take, touch=genre.touch)
        )
        for seed in range(plan.seed, plan.seed + plan.songs)
        for take in range(count)
    ]


def measure_pieces(genre: Genre, pieces: Sequence[Piece]) -> Floats:
    """Float [N, MEASURES] of pieces whose tracks are the genre's players."""
    roles = tuple(player.role for player in genre.roster)
    return np.array([measured(piece.score, roles, BARS) for piece in pieces]).reshape(-1, MEASURES)


def train_critic(subject: Subject, plan: Plan, complete: Complete, tell: Tell) -> Critic:
    """Learns from `plan.songs` songs of the checkpoint and twice as many training excerpts a genre.

    Raises:
        CannotEvaluate: a bank is missing or has no training song of a genre, or a song was not written.
        CheckpointError: the checkpoint is missing or damaged.
    """
    real = real_rows(subject, plan, Draw(_REAL_A_WRITTEN * plan.songs, plan.seed, "train"))
    written = {takes.genre.name: takes.rows for takes in write_takes(subject, plan, 1, complete, tell)}
    return fit(real, written, checkpoint_hash(subject.checkpoint))


def real_rows(subject: Subject, plan: Plan, draw: Draw) -> dict[str, Floats]:
    """What the critic hears in real excerpts of each genre. Raises CannotEvaluate."""
    banks = load_banks(subject.banks)
    return {
        genre.name: measure_pieces(
            genre, [excerpt.piece for excerpt in real_excerpts(banks, genre.name, genre.roster, draw)]
        )
        for genre in plan.genres
    }


def fit(real: Mapping[str, Floats], written: Mapping[str, Floats], checkpoint: str) -> Critic:
    """A critic from rows [N, MEASURES] of each genre, the same genres on either side."""
    genres = tuple(real)
    known, ours = ([side[genre] for genre in genres] for side in (real, written))
    known.append(np.concatenate(known))
    ours.append(np.concatenate(ours))
    centres = np.array([rows.mean(axis=0) for rows in known])
    spreads = np.array([np.maximum(rows.std(axis=0), _LEAST_SPREAD) for rows in known])
    lacks = np.array([lacking(*three) for three in zip(known, ours, spreads, strict=True)])
    inputs, labels = [], []
    for number, genre in enumerate(genres):
        for label, side in enumerate((written, real)):
            inputs.append(spread_out(side[genre], centres[number], spreads[number]))
            labels.append(np.full(len(side[genre]), label))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=5000))
    model.fit(np.concatenate(inputs), np.concatenate(labels))
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    return Critic(genres, centres, spreads, lacks, weights, bias, checkpoint)
