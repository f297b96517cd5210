"""The whole evaluation of a checkpoint, genre by genre."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.critic.judge import Critic
from inference.engine import load_engine
from inference.engine.contract import ComposeJob, Engine
from inference.evaluation.bits import excerpt_bits
from inference.evaluation.comparison import Comparison, judged_alone
from inference.evaluation.compose import Composed, Tell, compose_all, compose_chosen, kept, songs_per_batch, takes_of
from inference.evaluation.copies import review_rows, window_rows
from inference.evaluation.estimate import bootstrap, ratio
from inference.evaluation.gaps import fill_gaps, gap_rows
from inference.evaluation.genres import genre_rows, train_ear
from inference.evaluation.halves import MIN_SONGS
from inference.evaluation.known import KnownWindows
from inference.evaluation.latent import from_space, latent_rows
from inference.evaluation.material import BARS, SPLIT, Draw, Excerpt, Piece, excerpts_of, load_banks, real_excerpts
from inference.evaluation.report import Report, Row, Section
from inference.evaluation.rows import ROWS
from inference.evaluation.trouble import CannotEvaluate
from inference.latent.steering import Steering
from inference.midi import write_midi
from inference.model.checkpoint import load_checkpoint
from inference.model.stored import checkpoint_hash
from inference.model.transformer import Composer
from inference.music.genre import Genre, GenreCatalogue
from inference.music.spec import SamplingParams, SongSpec
from inference.originality.index import OriginalityIndex
from inference.tokens.vocabulary import VELOCITY_FIELD
from inference.training.bank import Bank

SLOTS = 8
_HEARD = 60  # songs a genre that the classifier learns from, at least
BITS_BELOW = 3.0
_DRAWN = 40  # songs a genre from the embedding space; drawing their points takes longer than writing them
_SPEED_SONGS = 2  # one after the other, at batch 1
_NOTES = (
    f"Real: excerpts of {BARS} bars from held-out songs ({SPLIT} split), the same players in both, each of whom "
    "plays; snapped to the grid and to the velocities of the band code, as the model sees them. Parts whose role a "
    "song lacks are taken by another of its pitched players.",
    "Intervals: 95 %, bootstrapped over songs; of rows 3 (SE) and 4: over random halves of the real songs, the other "
    f"half of which is the real figure, and only with {MIN_SONGS} real songs.",
    "Row 6: a forest of trees learnt the catalogue's genres from training songs, whole and with players left out; the "
    "AUC is against real held-out songs of the other genres. It hears instruments above all.",
    "Row 8: windows of so many notes of one track, in any key, with four different symbols (how much later and how "
    "much higher the next note comes) or more; training songs are all of other artists than the real ones here. "
    "Songs are as the model wrote them; the service has copied bars written anew before it releases a song.",
    "Row 11: eight bars in the middle, or the last eight, of real songs, written anew without being shown; who "
    "plays them is all one. Twice as many takes as of a new song are written, and the one is kept that shares most "
    "notes with the others, as the service does it. Beside the model: the bar before the gap, repeated, and the same "
    "bars of another song.",
    "Of so many takes a song the one is kept that misses the fewest wishes (key, density, no silent player); among "
    "equals the first, unless the critic, if there is one, likes another clearly more, as the service does it.",
    "Row 12: real excerpts are read into points, one for what each player plays in each bar, and written again from "
    "those and their form alone; beside it, what the same model writes without the points. Blends: where the notes lie "
    "that were written half way, as their own points "
    "tell. Songs drawn from the embedding space are chosen among as many takes, each drawn with points of its own.",
)
_NO_INDEX = (
    "There is no index of originality beside the checkpoint (originality.safetensors) or at LNH_INFERENCE_ORIGINALITY, "
    "so of row 8 the longest runs, the copied bars and the songs to be mended are missing."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is evaluated, beside which banks, and the index of originality and the critic that go with it, if any."""

    checkpoint: Path
    banks: tuple[Path, ...]
    threads: int
    originality: Path | None = None
    critic: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which genres, how many songs of each, the seed of everything drawn, and takes a song.

    catalogue: all genres that a song could be taken for; row 11, which needs it to edit songs, is left out without.
    """

    genres: tuple[Genre, ...]
    songs: int = 100
    seed: int = 1
    takes: int = 1
    catalogue: GenreCatalogue | None = None


Complete = Callable[[SongSpec, int], SongSpec]
Written = tuple[Genre, list[Row], Comparison]


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
    draw = Draw(plan.songs, plan.seed)
    real = {genre.name: excerpts_of(banks, genre.name, genre.roster, draw) for genre in plan.genres}
    if not any(real.values()):
        real_excerpts(banks, plan.genres[0].name, plan.genres[0].roster, draw)  # says what is missing
    model = load_checkpoint(subject.checkpoint)
    unknown = [genre.name for genre in plan.genres if genre.name not in model.config.genres]
    if unknown:
        raise CannotEvaluate(f"the checkpoint never learnt {', '.join(unknown)}")
    steering = Steering.load(subject.checkpoint)
    written: list[Written] = []
    drawn: list[Written] = []
    with running(subject, SLOTS) as engine:
        for genre in plan.genres:
            tell(genre.title)
            jobs = jobs_of(genre, plan, complete)
            songs = compose_chosen(engine, jobs, plan.takes, judge, _naming(genre, tell))
            excerpts = real[genre.name]
            bits = _bits_rows(model, excerpts, _naming(genre, tell))
            pieces = [excerpt.piece for excerpt in excerpts]
            if plan.catalogue is not None:
                fillings = fill_gaps(engine, genre, pieces, (plan.catalogue, plan.takes, _naming(genre, tell)))
                bits += gap_rows(fillings, plan.seed)
            if steering is not None and excerpts:
                bits += latent_rows(steering, engine, genre, excerpts, _naming(genre, tell))
                points = compose_all(
                    engine, from_space(steering, takes_of(jobs[:_DRAWN], plan.takes)), _naming(genre, tell)
                )
                drawn.append((genre, [], compare(genre, pieces, kept(points, plan.takes, judge), plan.seed)))
            written.append((genre, bits, compare(genre, pieces, songs, plan.seed)))
    more = _learnt_rows(banks, plan, index, [*written, *drawn], tell)
    sections = [section(genre.title, [*bits, *more(genre, compared)], compared) for genre, bits, compared in written]
    sections += [
        section(f"{genre.title}, drawn from the embedding space", more(genre, compared), compared)
        for genre, _, compared in drawn
    ]
    tell("speed")
    speed = Section("Speed", tuple(_speed_rows(subject, jobs_of(plan.genres[0], plan, complete))))
    return Report(_setting(subject, plan, model), (*sections, speed), tuple(_notes(banks, index)))


def _notes(banks: Sequence[Bank], index: OriginalityIndex | None) -> Iterator[str]:
    yield from _NOTES
    if not any(len(bank.by_split["train"]) for bank in banks):
        yield "The banks hold no training song, so row 6 and the windows of row 8 are missing."
    if index is None:
        yield _NO_INDEX


def _known_genres(plan: Plan) -> Sequence[str]:
    return plan.catalogue.names if plan.catalogue else [genre.name for genre in plan.genres]


def _learnt_rows(
    banks: Sequence[Bank], plan: Plan, index: OriginalityIndex | None, written: Sequence[Written], tell: Tell
) -> Callable[[Genre, Comparison], Iterator[Row]]:
    """Rows 6 and 8, which need all training songs."""
    if not any(len(bank.by_split["train"]) for bank in banks):
        return lambda genre, pieces: review_rows(pieces, index) if index is not None else iter(())
    tell("reading training songs for windows of notes")
    known = KnownWindows.among((piece.score for _, _, pieces in written for piece in pieces.everything), banks)
    tell("learning the genres")
    ear = train_ear(banks, _known_genres(plan), max(plan.songs, _HEARD), plan.seed)

    def rows(genre: Genre, pieces: Comparison) -> Iterator[Row]:
        yield from genre_rows(pieces, genre.name, ear)
        yield from window_rows(pieces, known)
        if index is not None:
            yield from review_rows(pieces, index)

    return rows


def jobs_of(genre: Genre, plan: Plan, complete: Complete) -> list[ComposeJob]:
    """Songs that differ in seed and in all that the genre leaves open."""
    spec = SongSpec(((genre.name, 1.0),), BARS, roster=genre.roster)
    seeds = range(plan.seed, plan.seed + plan.songs)
    return [
        ComposeJob(
            f"eval-{genre.name}-{seed}",
            complete(spec, seed),
            SamplingParams(seed, touch=genre.touch, form=genre.drawn_form(BARS, seed)),
        )
        for seed in seeds
    ]


def compare(genre: Genre, real: Sequence[Piece], songs: Sequence[Composed], seed: int) -> Comparison:
    """Real pieces beside generated songs and their files."""
    generated = tuple(
        Piece(song.score, number, job.spec, write_midi(song.score, job.spec.key))
        for number, (job, song) in enumerate(songs)
    )
    return Comparison(genre.roster, tuple(real), generated, seed)


def section(title: str, others: Iterable[Row], compared: Comparison) -> Section:
    """Every row of a genre by number: `others`, and those that need nothing but the pieces."""
    measured = [row for make in ROWS for row in make(compared)]
    rows = sorted([*others, *measured], key=lambda row: row.number)
    songs = len(set(compared.songs))
    return Section(title, tuple(rows), len(compared.real), songs, len(compared.generated), _few(songs))


def _few(songs: int) -> str:
    """What to say of a genre with so many held-out songs; nothing if they are enough."""
    if not songs:
        return (
            f"**No held-out song** of this genre has {BARS} bars in 4/4 and somebody for each part, so there is "
            "nothing to hold the generated songs against: rows 1 and 11 and all real figures are missing."
        )
    if songs < MIN_SONGS:
        return (
            f"**Too few held-out songs** ({songs}) to cut in halves, so structure error (3) and overlap (4) are "
            "missing, and the other verdicts rest on little."
        )
    return ""


def _naming(genre: Genre, tell: Tell) -> Tell:
    return lambda line: tell(f"{genre.title}: {line}")


@contextmanager
def running(subject: Subject, slots: int) -> Iterator[Engine]:
    """The subject's engine, started; it is stopped at the end."""
    engine = load_engine(subject.checkpoint, slots, subject.threads)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def _bits_rows(model: Composer, excerpts: Sequence[Excerpt], tell: Tell) -> list[Row]:
    """Row 1, of the real excerpts, if there are any."""
    if not excerpts:
        return []
    bits, notes = [], []
    for number, excerpt in enumerate(excerpts, start=1):
        of_fields, count = excerpt_bits(model, excerpt.arrangement)
        bits.append(of_fields)
        notes.append(count)
        tell(f"bits of {number} of {len(excerpts)} excerpts")
    songs = [excerpt.piece.song for excerpt in excerpts]
    fields, below = np.array(bits), np.array(notes, np.float64)
    whole, silent = (
        bootstrap(np.stack([of_fields.sum(axis=1), below], axis=1), songs, ratio)
        for of_fields in (fields, fields[:, :VELOCITY_FIELD])
    )
    return [
        Row(1, "bits per note of real songs", None, whole),
        judged_alone(
            1,
            "bits per note of real songs, without velocity",
            (None, silent),
            f"< {BITS_BELOW:g}",
            lambda ours: ours.value < BITS_BELOW,
        ),
    ]


def _speed_rows(subject: Subject, jobs: Sequence[ComposeJob]) -> Iterator[Row]:
    """Row 13."""
    for together, count in ((1, _SPEED_SONGS), (SLOTS, SLOTS)):
        with running(subject, together) as engine:
            measured = np.array(songs_per_batch(engine, jobs[:count], together))
        batches = range(len(measured))
        yield Row(13, f"notes/s, batch {together}", None, bootstrap(measured, batches, ratio))
        yield Row(13, f"s for {BARS} bars, batch {together}", None, bootstrap(measured[:, 1], batches))


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
