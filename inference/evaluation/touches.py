"""Tunes the touches of genres for a checkpoint: its songs beside real validation songs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inference.critic.lines import Floats
from inference.engine.contract import ComposeJob, Engine
from inference.evaluation.choosing import metrics_of, row_of
from inference.evaluation.compose import Tell, compose_all
from inference.evaluation.estimate import Estimate, bootstrap
from inference.evaluation.evaluate import Complete, Plan, Subject, running
from inference.evaluation.leading import Aim, Effort, Tuned, Write, tune
from inference.evaluation.material import BARS, Draw, Piece, excerpts_of, load_banks
from inference.evaluation.report import Report, Row, Section
from inference.model.stored import checkpoint_hash
from inference.music.genre import Genre, GenreCatalogue
from inference.music.spec import SamplingParams, SongSpec
from inference.music.touch import PLAIN, Touch
from inference.training.bank import Bank

MIN_SONGS = 20
PRESENT, KIN_S = "at present", "of its kin"
_SLOTS = 16
_SPLITS = ("valid", "train")
# Whose touch a genre begins from, and keeps where it has too few real songs for one of its own.
KIN = {
    **dict.fromkeys(("nu-metal", "prog", "game-rock"), "metal"),
    **dict.fromkeys(("hard-rock", "punk", "alternative", "oldies", "country"), "rock"),
    **dict.fromkeys(("funk-soul", "electronic", "hip-hop", "reggae", "folk", "gospel"), "pop"),
    **dict.fromkeys(("blues", "latin"), "jazz"),
}
_NOTES = (
    f"Real: excerpts of {BARS} bars from validation songs, and from training songs where those are few; never from the "
    "test split. Songs are single takes of seeds that the touch was not chosen by.",
    "Distance: of the mean of each metric from that of real songs, in deviations of theirs, mean over the metrics.",
    "Intervals: 95 %, bootstrapped over songs.",
)


@dataclass(frozen=True)
class Finding:
    """What came of one genre; `aim` and `tuned` are None where it has too few real songs and takes its kin's touch."""

    genre: Genre
    touch: Touch
    songs: int
    aim: Aim | None = None
    tuned: Tuned | None = None

    @property
    def entry(self) -> str:
        """The line of configs/genres.toml."""
        said = ", ".join(f"{name} = {value:g}" for name, value in self.touch.said().items())
        return f"touch = {{ {said} }}"


def tune_genres(subject: Subject, plan: Plan, catalogue: GenreCatalogue, effort: Effort, tell: Tell) -> list[Finding]:
    """One genre after the other; a genre whose kin was tuned before it begins from there.

    Args:
        subject: the weights and the banks.
        plan: the genres, how many real excerpts of each, and the seed of their choice.
        catalogue: what completes specs, and the touches there are.
        effort: how many songs.
        tell: takes lines on how far it is.

    Raises:
        CannotEvaluate: a bank is missing, or a song was not written.
        CheckpointError: the checkpoint is missing or damaged.
    """
    banks = load_banks(subject.banks)
    touches = {genre.name: genre.touch for genre in catalogue.genres}
    findings = []
    with running(subject, _SLOTS) as engine:
        for genre in sorted(plan.genres, key=lambda genre: genre.name in KIN):
            aim = aim_of(banks, genre, plan.songs, plan.seed)
            kin = touches.get(KIN.get(genre.name, ""), PLAIN)
            songs = len(set(aim.songs))
            if songs < MIN_SONGS:
                found = Finding(genre, touches[genre.name] if touches[genre.name] != PLAIN else kin, songs)
            else:
                candidates = {PRESENT: touches[genre.name], KIN_S: kin}
                if kin in (PLAIN, touches[genre.name]):
                    del candidates[KIN_S]
                write = writer(engine, genre, catalogue.complete, plan.seed)
                tuned = tune(write, aim, candidates, effort, _naming(genre, tell))
                found = Finding(genre, tuned.touch, songs, aim, tuned)
            touches[genre.name] = found.touch
            findings.append(found)
    return findings


def writer(engine: Engine, genre: Genre, complete: Complete, seed: int) -> Write:
    """Has a running engine write songs of a genre as they are asked for in an evaluation, BARS long.

    Args:
        engine: started.
        genre: asked for.
        complete: fills in what a spec leaves open, by seed.
        seed: of the metrics that shuffle bars.
    """
    spec = SongSpec(((genre.name, 1.0),), BARS, roster=genre.roster)

    def write(touch: Touch, seeds: Sequence[int]) -> Floats:
        jobs = [
            ComposeJob(f"touch-{genre.name}-{one}", complete(spec, one), SamplingParams(one, touch=touch))
            for one in seeds
        ]
        songs = compose_all(engine, jobs, lambda _: None)
        return table_of(genre, [Piece(song.score, number) for number, (_, song) in enumerate(songs)], seed)

    return write


def aim_of(banks: Sequence[Bank], genre: Genre, count: int, seed: int) -> Aim:
    """At most `count` real excerpts, of validation songs first; maybe none."""
    pieces: list[Piece] = []
    for split in _SPLITS:
        draw = Draw(count - len(pieces), seed, split)
        pieces += [one.piece for one in excerpts_of(banks, genre.name, genre.roster, draw)] if draw.count else []
    return Aim(tuple(metrics_of(genre, seed)), table_of(genre, pieces, seed), tuple(piece.song for piece in pieces))


def table_of(genre: Genre, pieces: Sequence[Piece], seed: int) -> Floats:
    """Float [pieces, metrics], the metrics of a single song that rows 2, 3 and 5 have."""
    metrics = metrics_of(genre, seed).values()
    return np.array([[metric(piece) for metric in metrics] for piece in pieces]).reshape(len(pieces), len(metrics))


def report_of(subject: Subject, findings: Sequence[Finding], effort: Effort) -> Report:
    """Every metric with every candidate, beside real songs. Raises CheckpointError."""
    setting: dict[str, str | int | float] = {
        "checkpoint": checkpoint_hash(subject.checkpoint),
        "songs a setting": effort.songs,
        "songs held back": len(effort.held_back),
        "steps": effort.steps,
        "seed": effort.seed,
    }
    return Report(setting, tuple(_section(finding) for finding in findings), _NOTES)


def _section(finding: Finding) -> Section:
    genre, tuned, aim = finding.genre, finding.tuned, finding.aim
    if tuned is None or aim is None:
        why = f"It has {finding.songs} real songs, and {MIN_SONGS} are needed not to fit those very songs"
        note = f"{why}: it plays with the touch of {KIN.get(genre.name, 'nobody')}."
        return Section(genre.title, (), note=f"{note} `{finding.entry}`")
    generated = len(next(iter(tuned.tables.values())))
    note = f"Kept: the touch {tuned.kept}. `{finding.entry}`"
    return Section(genre.title, tuple(_rows(aim, tuned)), len(aim.songs), finding.songs, generated, note)


def _rows(aim: Aim, tuned: Tuned) -> Iterator[Row]:
    for name, table in tuned.tables.items():
        yield Row(0, f"distance from real, deviations: {name}", None, _distance(aim, table))
    for column, metric in enumerate(aim.names):
        real = bootstrap(aim.table[:, column], aim.songs)
        for name, table in tuned.tables.items():
            found = bootstrap(table[:, column], range(len(table)))
            yield Row(row_of(metric), f"{metric}: {name}", real, found)


def _distance(aim: Aim, table: Floats) -> Estimate | None:
    """Songs are drawn by number, for one that lacks a metric still counts in the others."""
    return bootstrap(
        np.arange(len(table), dtype=np.float64), range(len(table)), lambda rows: aim.distance(table[rows.astype(int)])
    )


def _naming(genre: Genre, tell: Tell) -> Tell:
    return lambda line: tell(f"{genre.title}: {line}")
