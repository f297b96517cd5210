"""The whole evaluation of a checkpoint, genre by genre."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inference.critic.judge import Critic
from inference.critic.takes import Judge
from inference.engine.contract import ComposeJob, Engine
from inference.evaluation.bits import bits_rows
from inference.evaluation.comparison import Comparison, compare
from inference.evaluation.compose import Composed, Tell, compose_all, compose_chosen, kept, naming, takes_of
from inference.evaluation.gaps import fill_gaps, gap_rows
from inference.evaluation.latent import from_space, latent_rows
from inference.evaluation.learnt import LearntRows, learnt_rows
from inference.evaluation.material import Draw, Excerpt, excerpts_of, load_banks, real_excerpts
from inference.evaluation.plan import SLOTS, Complete, Plan, Subject, jobs_of, running
from inference.evaluation.remarks import remarks
from inference.evaluation.report import Report, Row, Section
from inference.evaluation.rows import section
from inference.evaluation.song_speed import speed_rows
from inference.evaluation.trouble import CannotEvaluate
from inference.latent.steering import Steering
from inference.model.checkpoint import load_checkpoint
from inference.model.stored import checkpoint_hash
from inference.model.transformer import Composer
from inference.music.genre import Genre
from inference.originality.index import OriginalityIndex
from inference.training.bands import BARS
from inference.training.bank import Bank

# Songs a genre from the embedding space, as a share and at most; drawing their points takes longer than writing them.
_DRAWN_SHARE, _MOST_DRAWN = 0.4, 40


@dataclass(frozen=True)
class _Written:
    """What was written for one genre, beside real songs; `rows` were measured while the engine ran."""

    genre: Genre
    rows: tuple[Row, ...]
    songs: Comparison
    drawn: Comparison | None


@dataclass(frozen=True)
class _Studio:
    """What stands ready while songs are written."""

    engine: Engine
    model: Composer
    steering: Steering | None
    judge: Judge | None
    plan: Plan

    def write(self, genre: Genre, jobs: Sequence[ComposeJob], excerpts: Sequence[Excerpt], tell: Tell) -> _Written:
        """Has the jobs written, and the gaps, blends and drawn songs of the genre as well."""
        pieces = [excerpt.piece for excerpt in excerpts]
        songs = compose_chosen(self.engine, jobs, self.plan.takes, self.judge, tell)
        rows = bits_rows(self.model, excerpts, tell)
        if self.plan.catalogue is not None:
            gaps = fill_gaps(self.engine, genre, pieces, (self.plan.catalogue, self.plan.takes, tell))
            rows += gap_rows(gaps, self.plan.seed)
        drawn = None
        if self.steering is not None and excerpts:
            rows += latent_rows(self.steering, self.engine, genre, excerpts, tell)
            drawn = compare(
                genre, pieces, self._drawn(self.steering, jobs[: _drawn_of(len(jobs))], tell), self.plan.seed
            )
        return _Written(genre, tuple(rows), compare(genre, pieces, songs, self.plan.seed), drawn)

    def _drawn(self, steering: Steering, jobs: Sequence[ComposeJob], tell: Tell) -> list[Composed]:
        takes = from_space(steering, takes_of(jobs, self.plan.takes))
        return kept(compose_all(self.engine, takes, tell), self.plan.takes, self.judge)


def _drawn_of(songs: int) -> int:
    return min(_MOST_DRAWN, math.ceil(_DRAWN_SHARE * songs))


def evaluate(subject: Subject, plan: Plan, complete: Complete, tell: Tell) -> Report:
    """Composes, cuts real songs, and measures both.

    Args:
        subject: the weights and the banks.
        plan: the size of the work.
        complete: fills in what a spec leaves open, by seed (`GenreCatalogue.complete`).
        tell: takes lines on how far it is.

    Raises:
        CannotEvaluate: a bank is missing or damaged, no genre has a real song, or a song was not written.
        CheckpointError: the checkpoint is missing or damaged.
        BadIndex, BadCritic: the index of originality or the critic is damaged or of another version.
    """
    index = OriginalityIndex.load(subject.originality) if subject.originality else None
    judge = Critic.load(subject.critic).judge if subject.critic else None
    banks = load_banks(subject.banks)
    real = _excerpts(banks, plan)
    model = _model_that_knows(plan.genres, subject)
    steering = Steering.load(subject.checkpoint)
    written = []
    with running(subject, SLOTS) as engine:
        studio = _Studio(engine, model, steering, judge, plan)
        for genre in plan.genres:
            tell(genre.title)
            jobs = jobs_of(genre, plan.seeds, complete)
            written.append(studio.write(genre, jobs, real[genre.name], naming(genre, tell)))
    compared = [pieces for one in written for pieces in (one.songs, one.drawn) if pieces is not None]
    sections = tuple(_sections(written, learnt_rows(banks, plan, index, compared, tell)))
    tell("speed")
    speed = Section("Speed", tuple(speed_rows(subject, jobs_of(plan.genres[0], plan.seeds, complete))))
    return Report(_setting(subject, plan, model), (*sections, speed), tuple(remarks(banks, index)))


def _excerpts(banks: Sequence[Bank], plan: Plan) -> dict[str, list[Excerpt]]:
    """Real songs of each genre, of one of them at least; raises CannotEvaluate if there is none."""
    draw = Draw(plan.songs, plan.seed)
    real = {genre.name: excerpts_of(banks, genre.name, genre.roster, draw) for genre in plan.genres}
    if not any(real.values()):
        real_excerpts(banks, plan.genres[0].name, plan.genres[0].roster, draw)  # says what is missing
    return real


def _model_that_knows(genres: Sequence[Genre], subject: Subject) -> Composer:
    model = load_checkpoint(subject.checkpoint)
    unknown = [genre.name for genre in genres if genre.name not in model.config.genres]
    if unknown:
        raise CannotEvaluate(f"the checkpoint never learnt {', '.join(unknown)}")
    return model


def _sections(written: Sequence[_Written], more: LearntRows) -> Iterator[Section]:
    """Those of the songs, then those of what was drawn from the embedding space."""
    for one in written:
        yield section(one.genre.title, [*one.rows, *more(one.genre, one.songs)], one.songs)
    for one in written:
        if one.drawn is not None:
            title = f"{one.genre.title}, drawn from the embedding space"
            yield section(title, more(one.genre, one.drawn), one.drawn)


def _setting(subject: Subject, plan: Plan, model: Composer) -> dict[str, str | int | float]:
    return {
        "checkpoint": checkpoint_hash(subject.checkpoint),
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "threads": subject.threads,
        "songs a genre": plan.songs,
        "takes a song": plan.takes,
        "bars": BARS,
        "seed": plan.seed,
    }
