"""Teaching the critic to tell written songs from real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from inference.critic.balance import balancing
from inference.critic.judge import ENOUGH, Critic, measured, spread_out
from inference.critic.lines import Floats
from inference.critic.measures import MEASURES, TELLING
from inference.evaluation.compose import Tell, compose_all, takes_of
from inference.evaluation.material import Draw, Piece, excerpts_of, load_banks, real_excerpts
from inference.evaluation.plan import SLOTS, Complete, Plan, Subject, jobs_of, running
from inference.model.stored import checkpoint_hash
from inference.music.genre import Genre
from inference.music.obedience import broken_wishes
from inference.training.bands import BARS

TAKES = 4  # of each song that it learns from
_PENALTY = 0.01  # sklearn's C, chosen on validation songs
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Takes:
    """Written songs of one genre: `count` in a row are of one spec, and share its number as their song.

    rows: float [N, MEASURES], what the critic hears in them. broken: int [N], how many wishes each misses.
    """

    genre: Genre
    pieces: tuple[Piece, ...]
    count: int
    rows: Floats
    broken: NDArray[np.int64]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Bool [specs, count]: whether no other take of the spec misses fewer wishes, so that it may be released."""
        broken = self.broken.reshape(-1, self.count)
        kept: NDArray[np.bool_] = broken == broken.min(axis=1, keepdims=True)
        return kept

    def chosen(self, merit: Floats, head_start: float = 0.0) -> tuple[Piece, ...]:
        """Of each spec the take of greatest merit among those that may be released, of equals the first.

        Args:
            merit: float [N].
            head_start: what the first has on top.
        """
        liked = np.where(self.kept, merit.reshape(-1, self.count), -np.inf)
        liked[np.arange(len(liked)), self.kept.argmax(axis=1)] += head_start
        best = liked.argmax(axis=1)
        return tuple(self.pieces[spec * self.count + take] for spec, take in enumerate(best.tolist()))


@dataclass(frozen=True)
class Lesson:
    """What the critic learns from of one genre.

    train, valid: float [N, MEASURES], real songs of the two splits; the discriminator hears nothing of the second.
    takes: float [specs, takes, MEASURES]. kept: bool [specs, takes], which of them may be released.
    """

    train: Floats
    valid: Floats
    takes: Floats
    kept: NDArray[np.bool_]


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
            songs = compose_all(engine, takes_of(jobs_of(genre, plan.seeds, complete), count), lambda _: None)
            pieces = tuple(Piece(song.score, number // count, job.spec) for number, (job, song) in enumerate(songs))
            broken = np.array([broken_wishes(piece.score, piece.asked) for piece in pieces if piece.asked], np.int64)
            written.append(Takes(genre, pieces, count, measure_pieces(genre, pieces), broken))
    return written


def measure_pieces(genre: Genre, pieces: Sequence[Piece]) -> Floats:
    """Float [N, MEASURES] of pieces whose tracks are the genre's players."""
    roles = tuple(player.role for player in genre.roster)
    return np.array([measured(piece.score, roles, BARS) for piece in pieces]).reshape(-1, MEASURES)


def train_critic(subject: Subject, plan: Plan, complete: Complete, tell: Tell) -> Critic:
    """Learns from `plan.songs` songs of the checkpoint, TAKES of each, and as many excerpts a genre and split.

    Validation songs of a genre may be by a handful of artists, and training songs are others than anybody holds out: so
    what is aimed at is the mean of as many of both.

    Raises:
        CannotEvaluate: a bank is missing or has no training song of a genre, or a song was not written.
        CheckpointError: the checkpoint is missing or damaged.
    """
    real = real_rows(subject, plan)
    lessons = {}
    for takes in write_takes(subject, plan, TAKES, complete, tell):
        rows = takes.rows.reshape(-1, takes.count, MEASURES)
        lessons[takes.genre.name] = Lesson(*real[takes.genre.name], rows, takes.kept)
    return fit(lessons, checkpoint_hash(subject.checkpoint))


def real_rows(subject: Subject, plan: Plan) -> dict[str, tuple[Floats, Floats]]:
    """What the critic hears in excerpts of training and of validation songs of each genre. Raises CannotEvaluate."""
    banks = load_banks(subject.banks)
    rows = {}
    for genre in plan.genres:
        train = real_excerpts(banks, genre.name, genre.roster, Draw(plan.songs, plan.seed, "train"))
        valid = excerpts_of(banks, genre.name, genre.roster, Draw(plan.songs, plan.seed, "valid"))
        known, held = (measure_pieces(genre, [one.piece for one in excerpts]) for excerpts in (train, valid))
        rows[genre.name] = known, held
    return rows


def fit(lessons: Mapping[str, Lesson], checkpoint: str) -> Critic:
    """A critic of the genres there are lessons of, at least one."""
    genres = tuple(lessons)
    real = [np.concatenate([lesson.train, lesson.valid]) for lesson in lessons.values()]
    real.append(np.concatenate(real))
    centres = np.array([rows.mean(axis=0) for rows in real])
    spreads = np.array([np.maximum(rows.std(axis=0), _LEAST_SPREAD) for rows in real])
    takes = [
        np.clip((lesson.takes - centre) / spread, -ENOUGH, ENOUGH)
        for lesson, centre, spread in zip(lessons.values(), centres, spreads, strict=False)
    ]
    kept = [lesson.kept for lesson in lessons.values()]
    lacks = np.zeros_like(centres)
    for number, (rows, may) in enumerate(
        zip([*takes, np.concatenate(takes)], [*kept, np.concatenate(kept)], strict=True)
    ):
        lacks[number, :TELLING] = -balancing(rows[:, :, :TELLING], may)
    return Critic(genres, centres, spreads, lacks, *_discriminator(lessons, centres, spreads), checkpoint)


def _discriminator(lessons: Mapping[str, Lesson], centres: Floats, spreads: Floats) -> tuple[Floats, float]:
    """Weights [2 MEASURES] and bias of a logit that is above 0 for real songs."""
    inputs, labels = [], []
    for lesson, centre, spread in zip(lessons.values(), centres, spreads, strict=False):
        for label, rows in enumerate((lesson.takes[:, 0], lesson.train)):
            inputs.append(spread_out(rows, centre, spread))
            labels.append(np.full(len(rows), label))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=5000))
    model.fit(np.concatenate(inputs), np.concatenate(labels))
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    return weights, float(regression.intercept_[0] - weights @ scaler.mean_)
