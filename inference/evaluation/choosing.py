"""Whether it helps to let somebody choose among takes: best of several beside a take at random, metric by metric."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from inference.critic.judge import Critic
from inference.critic.lines import Floats
from inference.critic.takes import HEAD_START
from inference.evaluation import structure, together, tonality
from inference.evaluation.compose import Tell
from inference.evaluation.critics import Takes, measure_pieces, write_takes
from inference.evaluation.estimate import RESAMPLES, Estimate, bootstrap
from inference.evaluation.material import Draw, Piece, load_banks, real_excerpts
from inference.evaluation.plan import Complete, Plan, Subject
from inference.evaluation.report import Report, Row, Section
from inference.model.stored import checkpoint_hash
from inference.music.genre import Genre
from inference.music.program import Role
from inference.training.bands import BARS

_NUMBER = {"pitch class entropy, bits": 2, "scale consistency, %": 2, "groove consistency, %": 2}
_OF_THE_BAND = 5
_NOTES = (
    "A take is any of the songs written to a spec; who chooses, chooses among those that miss the fewest wishes (key, "
    "density, no silent player), and the first of them stands beside the others. The critic goes by what makes the "
    "songs that are kept measure what the genre's real songs do, in tones, groove, form, kick and bass, harmony and "
    "unison; those are training and validation songs. Two other ways stand beside it: nearness to those songs in the "
    "same (smallest sum of squared distances), and a discriminator that tells written songs from real training songs "
    "by all that is measured.",
    "Distance from real: of the mean of each metric above from that of real songs, in standard deviations of theirs, "
    "mean over the metrics; its gain is how much smaller it is than that of all takes together.",
    "Intervals: 95 %, bootstrapped over specs.",
)

Metric = Callable[[Piece], float]


def measure_choice(critic: Critic, subject: Subject, plan: Plan, draw: Draw, how: tuple[int, Complete, Tell]) -> Report:
    """Writes takes and measures who chooses better.

    Args:
        critic: who chooses.
        subject: the weights and the banks.
        plan: genres, specs a genre and their first seed, none of which the critic learnt from.
        draw: the real excerpts beside them.
        how: (takes a spec, what completes specs, what takes lines on how far it is).

    Raises:
        CannotEvaluate: a bank is missing or has no song of a genre, or a song was not written.
        CheckpointError: the checkpoint is missing or damaged.
    """
    count, complete, tell = how
    banks = load_banks(subject.banks)
    sections, hits = [], []
    for takes in write_takes(subject, plan, count, complete, tell):
        genre = takes.genre
        real = [excerpt.piece for excerpt in real_excerpts(banks, genre.name, genre.roster, draw)]
        rows = tuple(_rows(critic, takes, real, plan.seed))
        sections.append(Section(genre.title, rows, len(real), len({piece.song for piece in real}), plan.songs))
        hits.append(_hits(critic, takes, real))
    accuracy = bootstrap(100 * np.concatenate(hits), range(sum(map(len, hits))))
    sections.append(Section("The critic", (Row(0, "written and real told apart, held out, %", None, accuracy),)))
    setting: dict[str, str | int | float] = {
        "checkpoint": checkpoint_hash(subject.checkpoint),
        "critic of": critic.checkpoint,
        "takes": count,
        "specs a genre": plan.songs,
        "real songs": draw.split,
        "seed": plan.seed,
    }
    return Report(setting, tuple(sections), _NOTES)


def _hits(critic: Critic, takes: Takes, real: Sequence[Piece]) -> Floats:
    """1 where the critic is right: as many written songs (the first takes) and real ones."""
    genre = takes.genre
    written = critic.logits(takes.rows[:: takes.count], genre.name) < 0
    known = critic.logits(measure_pieces(genre, real), genre.name) > 0
    size = min(len(written), len(known))
    return np.concatenate([written[:size], known[:size]]).astype(np.float64)


def _rows(critic: Critic, takes: Takes, real: Sequence[Piece], seed: int) -> Iterator[Row]:
    metrics = metrics_of(takes.genre, seed)
    truth = _table(metrics, real)
    genre, best = takes.genre.name, f"best of {takes.count}"
    chosen = {
        "a take": takes.pieces,
        f"first of {takes.count}": takes.chosen(np.zeros(len(takes.rows))),
        f"{best} by the critic": takes.chosen(critic.merit(takes.rows, genre), HEAD_START),
        f"{best} by nearness": takes.chosen(critic.nearness(takes.rows, genre)),
        f"{best} by the discriminator": takes.chosen(critic.logits(takes.rows, genre)),
    }
    tables = {who: _table(metrics, pieces) for who, pieces in chosen.items()}
    for column, name in enumerate(metrics):
        known = bootstrap(truth[:, column], [piece.song for piece in real])
        for who, pieces in chosen.items():
            found = bootstrap(tables[who][:, column], [piece.song for piece in pieces])
            yield Row(row_of(name), f"{name}: {who}", known, found)
    random_takes = tables["a take"].reshape(-1, takes.count, len(metrics))
    for who, table in tables.items():
        if who != "a take":
            gain = _gain(random_takes, table, truth)
            yield Row(_OF_THE_BAND, f"gain in distance from real, deviations: {who}", None, gain, "> 0", gain.low > 0)


def _gain(takes: Floats, best: Floats, real: Floats) -> Estimate:
    """How much nearer to real the best are, over resampled specs.

    Args:
        takes: float [specs, takes, metrics].
        best: float [specs, metrics].
        real: float [songs, metrics].
    """
    known = np.ma.masked_invalid(real)
    middle, spread = known.mean(axis=0), known.std(axis=0) + 1e-9
    rng = np.random.default_rng(len(best))

    def distance(rows: Floats) -> float:
        return float(np.abs((np.ma.masked_invalid(rows).mean(axis=0) - middle) / spread).mean())

    gains = []
    for _ in range(RESAMPLES):
        specs = rng.integers(len(best), size=len(best))
        gains.append(distance(takes[specs].reshape(-1, takes.shape[2])) - distance(best[specs]))
    low, high = np.quantile(gains, (0.025, 0.975))
    return Estimate(float(np.mean(gains)), float(low), float(high), len(best))


def _table(metrics: Mapping[str, Metric], pieces: Sequence[Piece]) -> Floats:
    return np.array([[metric(piece) for metric in metrics.values()] for piece in pieces])


def row_of(metric: str) -> int:
    """The number of the row that one of these metrics has."""
    return _NUMBER.get(metric, 3 if metric.startswith("L") else _OF_THE_BAND)


def metrics_of(genre: Genre, seed: int) -> dict[str, Metric]:
    """The metrics that a single song has: of rows 2, 3 and 5."""
    metrics: dict[str, Metric] = {
        "pitch class entropy, bits": lambda piece: tonality.pitch_class_entropy(piece.score),
        "scale consistency, %": lambda piece: tonality.scale_consistency(piece.score),
        "groove consistency, %": lambda piece: structure.groove_consistency(piece.score, BARS),
        **{f"L{distance}, %": _likeness(distance) for distance in (1, 2, 4, 7, 8, 16, 24)},
        "tonal distance / shuffled": lambda piece: together.tonal_distance_ratio(
            piece.score, BARS, random.Random(seed)
        ),
    }
    roles = [player.role for player in genre.roster]
    if Role.DRUMS in roles:
        drummer = roles.index(Role.DRUMS)
        metrics |= {f"L{distance} of the drummer, %": _likeness(distance, drummer) for distance in (1, 8)}
    if Role.DRUMS in roles and Role.BASS in roles:
        drums, bass = roles.index(Role.DRUMS), roles.index(Role.BASS)
        metrics["kick and bass onset F1 − shuffled"] = lambda piece: together.kick_bass_gain(
            piece.score.tracks[drums], piece.score.tracks[bass], BARS, random.Random(seed)
        )
    if Role.RHYTHM in roles and Role.BASS in roles:
        guitar, low = roles.index(Role.RHYTHM), roles.index(Role.BASS)
        metrics["guitar and bass in unison, %"] = lambda piece: together.unison(
            piece.score.tracks[guitar], piece.score.tracks[low]
        )
    return metrics


def _likeness(distance: int, player: int | None = None) -> Metric:
    """Of the whole band, or of one of its players."""

    def likeness(piece: Piece) -> float:
        score = piece.score
        heard = score if player is None else replace(score, tracks=(score.tracks[player],))
        return 100 * structure.similarity(structure.bars_of(heard, BARS), distance)

    return likeness
