"""The rows of a genre: each metric with its target."""

import random
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from inference.evaluation import degeneration, overlap, playing, structure, together, tonality, validity
from inference.evaluation.comparison import Comparison, at_least, judged, judged_alone
from inference.evaluation.estimate import Estimate, difference_is_seen, p99
from inference.evaluation.halves import MIN_SONGS, against_halves
from inference.evaluation.material import Piece
from inference.evaluation.remarks import remark_on
from inference.evaluation.report import Row, Section
from inference.music import obedience
from inference.music.program import CHORDAL, Role
from inference.music.score import Score
from inference.music.spec import SongSpec
from inference.training.bands import BARS

OVERLAP_SHARE = 0.9
BAND_TOLERANCE = 0.1
_ACCOMPANISTS = frozenset({Role.DRUMS, Role.BASS, Role.RHYTHM})


def tone_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 2."""
    yield _near(pieces, "pitch class entropy, bits", lambda piece: tonality.pitch_class_entropy(piece.score), 0.10)
    yield _near(pieces, "scale consistency, %", lambda piece: tonality.scale_consistency(piece.score), 1.5)
    yield _near(pieces, "groove consistency, %", lambda piece: structure.groove_consistency(piece.score, BARS), 1.5)
    melodic = [place for place, player in enumerate(pieces.roster) if player.role not in _ACCOMPANISTS]

    def steps(piece: Piece) -> float:
        return playing.small_steps(piece.score.tracks[place] for place in melodic)

    if melodic:
        yield _near(pieces, "melodies in small steps, %", steps, 5)
    chordal = [place for place, player in enumerate(pieces.roster) if player.role in CHORDAL]

    def chords(piece: Piece) -> float:
        return playing.notes_at_once(piece.score.tracks[place] for place in chordal)

    if chordal:
        yield _near(pieces, "notes of a chord, rhythm and keys", chords, 0.2)


def _near(pieces: Comparison, name: str, metric: Callable[[Piece], float], tolerance: float) -> Row:
    def rule(real: Estimate, generated: Estimate) -> bool:
        return abs(real.value - generated.value) <= tolerance

    return judged(2, name, pieces.both(metric), f"real ± {tolerance:g}", rule)


def structure_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 3."""
    bars = [structure.bars_of(piece.score, BARS) for piece in pieces.everything]
    curves = np.array([structure.similarity_curve(song) for song in bars])
    if _has_halves(pieces):
        pair = against_halves(
            lambda half, others: structure.structure_error(curves[half], curves[others]),
            pieces.songs,
            len(pieces.generated),
            pieces.seed,
        )
        yield judged(3, "structure error SE, %", pair, "≤ real", lambda real, ours: ours.value <= real.value)
    for distance in (1, 2, 4, 8):
        yield judged(3, f"L{distance}, %", pieces.both(_similarity(distance)), "as real", _no_difference)


def _similarity(distance: int) -> Callable[[Piece], float]:
    return lambda piece: 100 * structure.similarity(structure.bars_of(piece.score, BARS), distance)


def overlap_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 4."""
    if not _has_halves(pieces):
        return
    for feature in overlap.FEATURES:
        tables = [
            overlap.feature_table([piece.score.tracks[track] for piece in pieces.everything], feature)
            for track in range(len(pieces.roster))
        ]
        pair = against_halves(
            overlap.DistanceOverlap.of(table for table in tables if table is not None),
            pieces.songs,
            len(pieces.generated),
            pieces.seed,
        )
        name = f"overlap area, {feature}"
        yield judged(4, name, pair, f"≥ {OVERLAP_SHARE:g} × real", _overlaps_enough)


def _overlaps_enough(real: Estimate, generated: Estimate) -> bool:
    return generated.value >= OVERLAP_SHARE * real.value


def band_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 5."""
    target = f"real ± {BAND_TOLERANCE:.0%}".replace("%", " %")
    distance = pieces.both(lambda piece: together.tonal_distance_ratio(piece.score, BARS, _shuffler(pieces)))
    yield judged(5, "tonal distance / shuffled", distance, target, _in_proportion)
    drums, bass, guitar = (pieces.first(role) for role in (Role.DRUMS, Role.BASS, Role.RHYTHM))
    if drums and bass:
        gain = pieces.both(lambda piece: together.kick_bass_gain(drums(piece), bass(piece), BARS, _shuffler(pieces)))
        yield judged(5, "kick and bass onset F1 − shuffled", gain, target, _in_proportion)
    if guitar and bass:
        unison = pieces.both(lambda piece: together.unison(guitar(piece), bass(piece)))
        yield judged(5, "guitar and bass in unison, %", unison, target, _in_proportion)


def _in_proportion(real: Estimate, generated: Estimate) -> bool:
    return abs(generated.value - real.value) <= BAND_TOLERANCE * abs(real.value)


def obedience_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 7."""
    for name, is_kept in (
        ("tempo", obedience.tempo_is_kept),
        ("meter", obedience.meter_is_kept),
        ("bars", obedience.bars_are_kept),
        ("roster", obedience.roster_is_kept),
    ):
        yield at_least(7, f"{name} as asked, %", pieces.ours(_asked(is_kept)), 100)
    yield at_least(7, "key as asked, %", pieces.ours(_asked(obedience.key_is_kept)), 90)
    yield Row(7, "key or its relative, %", *pieces.ours(_asked(obedience.scale_is_kept)))
    yield at_least(7, "density within 1 bin, %", pieces.ours(_asked(obedience.density_is_kept)), 90)


def _asked(is_kept: Callable[[Score, SongSpec], bool]) -> Callable[[Piece], float]:
    return lambda piece: 100.0 * (piece.asked is not None and is_kept(piece.score, piece.asked))


def validity_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 9."""
    checks: tuple[tuple[str, Callable[[Piece], bool]], ...] = (
        (
            "symusic, pretty_midi and mido read every note",
            lambda piece: validity.every_reader_agrees(piece.file, piece.score.note_count),
        ),
        ("file holds the very notes", lambda piece: validity.survives_a_file(piece.score, piece.file)),
        ("no overlapping notes", lambda piece: validity.has_no_overlaps(piece.score)),
        ("values in range", lambda piece: validity.is_in_range(piece.score)),
    )
    for name, check in checks:
        yield at_least(9, f"{name}, %", pieces.ours(_percent(check)), 100)


def degeneration_rows(pieces: Comparison) -> Iterator[Row]:
    """Row 10."""
    empty = pieces.both(lambda piece: degeneration.empty_share(piece.score, BARS), p99)
    yield judged(10, "empty bars, %, p99", empty, "≤ real", lambda real, ours: ours.value <= real.value)
    run = pieces.both(lambda piece: structure.longest_run(structure.bars_of(piece.score, BARS)), p99)
    yield judged(10, "longest run of equal bars, p99", run, "≤ real", lambda real, ours: ours.value <= real.value)
    if pieces.real:
        counts = np.concatenate([degeneration.notes_in_bars(piece.score, BARS) for piece in pieces.real])
        low, high = (float(edge) for edge in np.quantile(counts, (0.01, 0.99)))
        inside = pieces.both(lambda piece: degeneration.share_within(piece.score, BARS, low, high))
        yield judged(10, f"bars of {low:.0f} to {high:.0f} notes (real p1–p99), %", inside, "≥ real", _no_fewer)
    if pieces.first(Role.DRUMS):
        lacking = pieces.both(lambda piece: 100 * playing.leaves_out_drums(piece.score))
        yield judged(10, "songs without bass drum, snare or cymbals, %", lacking, "≤ real", _no_more)
    silent = pieces.both(lambda piece: degeneration.silent_tracks(piece.score))
    yield judged_alone(10, "silent tracks a song", silent, "0", lambda ours: ours.value == 0)


def _no_fewer(real: Estimate, generated: Estimate) -> bool:
    return generated.value >= real.value or not difference_is_seen(real, generated)


def _no_more(real: Estimate, generated: Estimate) -> bool:
    return generated.value <= real.value or not difference_is_seen(real, generated)


def _no_difference(real: Estimate, generated: Estimate) -> bool:
    return not difference_is_seen(real, generated)


def _percent(check: Callable[[Piece], bool]) -> Callable[[Piece], float]:
    return lambda piece: 100.0 * check(piece)


def _shuffler(pieces: Comparison) -> random.Random:
    return random.Random(pieces.seed)


def _has_halves(pieces: Comparison) -> bool:
    return len(set(pieces.songs)) >= MIN_SONGS


ROWS: tuple[Callable[[Comparison], Iterator[Row]], ...] = (
    tone_rows,
    structure_rows,
    overlap_rows,
    band_rows,
    obedience_rows,
    validity_rows,
    degeneration_rows,
)


def section(title: str, others: Iterable[Row], compared: Comparison) -> Section:
    """Every row of a genre by number: `others`, and those that need nothing but the pieces."""
    measured = [row for make in ROWS for row in make(compared)]
    rows = sorted([*others, *measured], key=lambda row: row.number)
    songs = len(set(compared.songs))
    return Section(title, tuple(rows), len(compared.real), songs, len(compared.generated), remark_on(songs))
