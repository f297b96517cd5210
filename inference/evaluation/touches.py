"""Tunes the touches of genres for a checkpoint: its songs beside real validation songs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference.critic.lines import Floats
from inference.engine.contract import Engine
from inference.evaluation.choosing import metrics_of, row_of
from inference.evaluation.compose import Tell, compose_all, naming
from inference.evaluation.estimate import Estimate, bootstrap
from inference.evaluation.leading import Aim, Answers, Effort, Songs, Start, Tuned, Write, ask, tune
from inference.evaluation.material import Draw, Piece, excerpts_of, load_banks
from inference.evaluation.plan import Complete, Plan, Subject, jobs_of, running
from inference.evaluation.report import Report, Row, Section
from inference.model.stored import checkpoint_hash
from inference.music.genre import Genre, GenreCatalogue
from inference.music.obedience import broken_wishes
from inference.music.touch import PLAIN, Touch
from inference.training.bands import BARS
from inference.training.bank import Bank

MIN_SONGS = 20
NOBODY_S, PRESENT, BAND_S, KIN_S = "none", "at present", "of the band alone", "of its kin"
_SLOTS = 16
_SPLITS = ("valid", "train")
# How far means may be off by the targets of rows 2 and 5 (of row 5 as a share of real), and by chance, in deviations.
_TOLERANCES = {"pitch class entropy, bits": 0.1, "scale consistency, %": 1.5, "groove consistency, %": 1.5}
_SHARE, _CHANCE = 0.1, 0.25
_BAND_ROW = 5
# Weights that no metric here answers to: they are set by what they are for (DECISIONS.md, *Who plays what*), and stay.
_SET = ("kit", "smooth", "full")
# What players do together and in which key. A model that has learnt more needs these still, when what returns is
# right by itself already; in a touch that has everything the search does not find the way back.
_BAND = ("kick", "unison", "chord", "key")
# Whose touch a genre begins from, and keeps where it has too few real songs for one of its own.
KIN = {
    **dict.fromkeys(("nu-metal", "prog", "game-rock"), "metal"),
    **dict.fromkeys(("hard-rock", "punk", "alternative", "oldies", "country"), "rock"),
    **dict.fromkeys(("funk-soul", "electronic", "hip-hop", "reggae", "folk", "gospel"), "pop"),
    **dict.fromkeys(("blues", "latin"), "jazz"),
}
_NOTES = (
    f"Real: excerpts of {BARS} bars, as many from validation as from training songs if there are so many; never from "
    "the test split. Songs are single takes of seeds that the touch was not chosen by, and distances are "
    "of those that keep key and density, for others are hardly ever released.",
    "Distance: of the mean of each metric from that of real songs, in units of what the model card allows and a "
    "quarter of a deviation, root mean square over the metrics; more where fewer than 45 of 100 takes keep their "
    "wishes.",
    "Intervals: 95 %, bootstrapped over songs.",
)


@dataclass(frozen=True)
class Finding:
    """What came of one genre; `tuned` is None where it has too few real songs and takes its kin's touch."""

    genre: Genre
    touch: Touch
    songs: int
    tuned: Tuned | None = None

    @property
    def entry(self) -> str:
        """The line of configs/genres.toml."""
        said = ", ".join(f"{name} = {value:g}" for name, value in self.touch.said().items())
        return f"touch = {{ {said} }}"


def tune_genres(
    subject: Subject, plan: Plan, catalogue: GenreCatalogue, effort: Effort, tell: Tell
) -> Iterator[Finding]:
    """Asks genres that are nobody's kin what weights do, then finds one touch after the other, kin after their kind.

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
    genres = sorted(plan.genres, key=lambda genre: genre.name in KIN)
    aims = {genre.name: aim_of(banks, genre, plan.songs, plan.seed) for genre in genres}
    able = [genre for genre in genres if len(set(aims[genre.name].songs)) >= MIN_SONGS]
    asked = [genre for genre in able if genre.name not in KIN] or able
    with running(subject, _SLOTS) as engine:

        def write(genre: Genre) -> Write:
            return writer(engine, genre, catalogue.complete, plan.seed)

        answers = []
        for genre in asked:
            tell(f"{genre.title}: asking what each weight does")
            answers.append(ask(write(genre), aims[genre.name], genre.touch, effort))
        for genre in genres:
            aim = aims[genre.name]
            kin = touches.get(KIN.get(genre.name, ""), PLAIN)
            songs = len(set(aim.songs))
            if genre not in able:
                found = Finding(genre, touches[genre.name] if touches[genre.name] != PLAIN else kin, songs)
            else:
                start = Start(candidates(touches[genre.name], kin), Answers.mean(answers))
                tuned = tune(write(genre), aim, start, effort, naming(genre, tell))
                found = Finding(genre, tuned.touch, songs, tuned)
            touches[genre.name] = found.touch
            yield found


def candidates(present: Touch, kin: Touch) -> dict[str, Touch]:
    """Different touches by name: what is found must beat each, and none. All have the set weights."""
    own = kin if present == PLAIN else present
    weights = {name: getattr(own, name) for name in _SET}
    band = replace(PLAIN, **{name: getattr(own, name) for name in _BAND})
    candidates: dict[str, Touch] = {}
    for name, touch in ((NOBODY_S, PLAIN), (PRESENT, present), (KIN_S, kin), (BAND_S, band)):
        if (led := replace(touch, **weights)) not in candidates.values():
            candidates[name] = led
    return candidates


def writer(engine: Engine, genre: Genre, complete: Complete, seed: int) -> Write:
    """Has a running engine write songs of a genre as they are asked for in an evaluation, BARS long.

    Args:
        engine: started.
        genre: asked for.
        complete: fills in what a spec leaves open, by seed.
        seed: of the metrics that shuffle bars.
    """

    def write(touch: Touch, seeds: Sequence[int]) -> Songs:
        songs = compose_all(engine, jobs_of(genre, seeds, complete, touch), lambda _: None)
        kept = np.array([not broken_wishes(song.score, job.spec) for job, song in songs])
        return Songs(table_of(genre, [Piece(song.score, number) for number, (_, song) in enumerate(songs)], seed), kept)

    return write


def aim_of(banks: Sequence[Bank], genre: Genre, count: int, seed: int) -> Aim:
    """At most `count` real excerpts of validation songs and as many of training songs; maybe none.

    Validation songs alone would be too few artists of most genres, metal among them: its bass follows the bass drum in
    them half as much again as in training songs.
    """
    pieces = [
        excerpt.piece
        for split in _SPLITS
        for excerpt in excerpts_of(banks, genre.name, genre.roster, Draw(count, seed, split))
    ]
    names, table = tuple(metrics_of(genre, seed)), table_of(genre, pieces, seed)
    return Aim(names, table, tuple(piece.song for piece in pieces), _units(names, table))


def _units(names: Sequence[str], table: Floats) -> Floats:
    """How far the mean of each metric may well be off: what the model card allows, and what is chance."""
    if not len(table):
        return np.ones(len(names))
    known = np.ma.masked_invalid(table)
    means, spreads = np.ma.filled(known.mean(axis=0), 0.0), np.ma.filled(known.std(axis=0), 0.0)
    allowed = [
        _TOLERANCES.get(name, _SHARE * abs(mean) if row_of(name) == _BAND_ROW else _CHANCE * spread)
        for name, mean, spread in zip(names, means.tolist(), spreads.tolist(), strict=True)
    ]
    units: Floats = np.array(allowed) + _CHANCE * spreads + 1e-9
    return units


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
    genre, tuned = finding.genre, finding.tuned
    if tuned is None:
        why = f"It has {finding.songs} real songs, and {MIN_SONGS} are needed not to fit those very songs"
        note = f"{why}: it plays with the touch of {KIN.get(genre.name, 'nobody')}."
        return Section(genre.title, (), note=f"{note} `{finding.entry}`")
    generated = len(next(iter(tuned.songs.values())).table)
    note = f"Kept: the touch {tuned.kept}. `{finding.entry}`"
    return Section(genre.title, tuple(_rows(tuned)), len(tuned.aim.songs), finding.songs, generated, note)


def _rows(tuned: Tuned) -> Iterator[Row]:
    aim = tuned.aim
    for name, songs in tuned.songs.items():
        yield Row(0, f"distance from real, units: {name}", None, _distance(aim, songs, tuned.choice))
        kept = bootstrap(100 * songs.kept.astype(np.float64), range(len(songs.kept)))
        yield Row(0, f"single takes that keep their wishes, %: {name}", None, kept)
    for column, metric in enumerate(aim.names):
        real = bootstrap(aim.table[:, column], aim.songs)
        for name, songs in tuned.songs.items():
            found = bootstrap(songs.table[:, column], range(len(songs.table)))
            yield Row(row_of(metric), f"{metric}: {name}", real, found)


def _distance(aim: Aim, songs: Songs, choice: Floats) -> Estimate | None:
    """Songs are drawn by number, for one that lacks a metric still counts in the others."""
    return bootstrap(
        np.arange(len(songs.table), dtype=np.float64),
        range(len(songs.table)),
        lambda rows: aim.distance(Songs(songs.table[rows.astype(int)], songs.kept[rows.astype(int)]), choice),
    )
