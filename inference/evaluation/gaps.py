"""Row 11: bars of real songs taken away and written again, and songs cut off and continued, beside the true bars.

A gap's true notes are not shown to anybody: the song that is edited lacks them, and its key and density are measured
without them. Beside the model stand two that know nothing: one repeats the bar before the gap, one plays the same bars
of another song.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from inference.critic.takes import takes_of
from inference.engine.contract import ComposeJob, Engine
from inference.evaluation.comparison import judged_alone
from inference.evaluation.compose import Tell, compose_chosen
from inference.evaluation.estimate import bootstrap
from inference.evaluation.material import Piece
from inference.evaluation.report import Row
from inference.music.edit import Edit, Operation
from inference.music.errors import MusicError
from inference.music.genre import Genre, GenreCatalogue
from inference.music.packed import pack
from inference.music.score import Score
from inference.music.spec import SamplingParams, SongSpec
from inference.server.completing import complete
from inference.training.bands import BARS

PIECES = 40  # a genre, at most
_BARS = 8

Sounds = frozenset[tuple[bool, int, int]]


class Gap(Enum):
    """Which bars, counted from 0, are missing: eight in the middle, or the last eight."""

    INFILL = range(12, 20)
    CONTINUATION = range(BARS - _BARS, BARS)

    @property
    def bars(self) -> range:
        bars: range = self.value
        return bars


@dataclass(frozen=True)
class Filled:
    """One real piece and what the model wrote into its gap."""

    piece: Piece
    written: Score


Fillings = Mapping[Gap, Sequence[Filled]]


def fill_gaps(engine: Engine, genre: Genre, pieces: Sequence[Piece], how: tuple[GenreCatalogue, int, Tell]) -> Fillings:
    """Has a running engine write the gaps of at most PIECES pieces in which somebody plays around them.

    Songs are led and takes chosen as the service does it.

    Args:
        engine: started.
        genre: of the pieces.
        pieces: real ones, BARS long.
        how: (what completes and leads songs, takes of a new song, what takes lines on how far it is).

    Raises:
        CannotEvaluate: a song was not written.
    """
    catalogue, takes, tell = how
    filled: dict[Gap, list[Filled]] = {}
    for gap in Gap:
        jobs: list[ComposeJob] = []
        edited: list[Piece] = []
        for number, piece in enumerate(pieces):
            spec = _spec(gap, genre, piece.score, catalogue, number)
            if spec is not None and len(jobs) < PIECES:
                sampling = catalogue.led(spec, SamplingParams(number))
                jobs.append(ComposeJob(f"{gap.name}-{genre.name}-{number}", spec, sampling))
                edited.append(piece)
        tell(f"{gap.name.lower()} of {len(jobs)} songs")
        several = max((takes_of(job.spec.edit, takes) for job in jobs), default=1)
        songs = compose_chosen(engine, jobs, several, None, lambda _: None)
        filled[gap] = [Filled(piece, song.score) for piece, (_, song) in zip(edited, songs, strict=True)]
    return filled


def gap_rows(fillings: Fillings, seed: int) -> Iterator[Row]:
    """F1 of notes and of onsets against the true bars: of the model, and of the two that know nothing."""
    for gap, filled in fillings.items():
        if filled:
            for what, width in (("note", 3), ("onset", 2)):
                yield from _gap_rows(gap, filled, (f"{gap.name.lower()}, {what} F1, %", width), seed)


def _gap_rows(gap: Gap, filled: Sequence[Filled], measure: tuple[str, int], seed: int) -> Iterator[Row]:
    name, width = measure
    true = [sounds_in(one.piece.score, gap.bars) for one in filled]
    strangers = [sounds_in(other.piece.score, gap.bars) for other in _others(filled, seed)]
    played = {
        "the model": [sounds_in(one.written, gap.bars) for one in filled],
        "previous bar again": [_previous_bar(one, gap) for one in filled],
        "another song's bars": strangers,
    }
    songs = [one.piece.song for one in filled]
    found = {
        who: bootstrap(np.array([f1(*pair, width) for pair in zip(true, sounds, strict=True)]), songs)
        for who, sounds in played.items()
    }
    ours = found.pop("the model")
    highest = max((known.value for known in found.values() if known), default=0.0)
    yield judged_alone(11, name, (None, ours), f"> {highest:.1f}, both below", lambda own: own.value > highest)
    for who, known in found.items():
        yield Row(11, f"{name}: {who}", None, known)


def _spec(gap: Gap, genre: Genre, score: Score, catalogue: GenreCatalogue, seed: int) -> SongSpec | None:
    """The edit that fills the gap; None where an edge is silent, for bars are counted from the first that sounds."""
    bars = {note.tick // score.meters[0].meter.ticks for track in score.tracks for note in track.notes}
    last = BARS - 1 if gap is Gap.INFILL else gap.bars.start - 1
    if not {0, last} <= bars:
        return None
    source = pack(_without(score, gap.bars))
    span = (gap.bars.start + 1, gap.bars.stop)
    if gap is Gap.INFILL:
        edit = Edit(Operation.REPLACE, source, bars=span)
    else:
        edit = Edit(Operation.CONTINUE, source, add=_BARS)
    try:
        return complete(SongSpec(((genre.name, 1.0),), edit=edit), catalogue, seed)
    except MusicError:
        return None  # without the gap some song has too little left to be read


def _without(score: Score, bars: range) -> Score:
    """The score with nothing that starts in these bars."""
    length = score.meters[0].meter.ticks
    return replace(
        score,
        tracks=tuple(
            replace(track, notes=tuple(note for note in track.notes if note.tick // length not in bars))
            for track in score.tracks
        ),
    )


def sounds_in(score: Score, bars: range) -> Sounds:
    """(is it a drum, tick, pitch) of what starts in these bars, whoever plays it."""
    length = score.meters[0].meter.ticks
    return frozenset(
        (track.is_drum, note.tick, note.pitch)
        for track in score.tracks
        for note in track.notes
        if note.tick // length in bars
    )


def _previous_bar(one: Filled, gap: Gap) -> Sounds:
    """The bar before the gap, as often as the gap is long."""
    length = one.piece.score.meters[0].meter.ticks
    before = sounds_in(one.piece.score, range(gap.bars.start - 1, gap.bars.start))
    return frozenset(
        (drum, tick + time * length, pitch) for drum, tick, pitch in before for time in range(1, _BARS + 1)
    )


def _others(filled: Sequence[Filled], seed: int) -> list[Filled]:
    """Another song for each; itself where there is no other."""
    rng = random.Random(seed)
    return [rng.choice([other for other in filled if other.piece.song != one.piece.song] or [one]) for one in filled]


def f1(true: Sounds, played: Sounds, width: int) -> float:
    """Percent, over the first `width` parts of a sound: 3 for notes, 2 for onsets. NaN where nothing is true."""
    left, right = ({sound[:width] for sound in sounds} for sounds in (true, played))
    return 100 * 2 * len(left & right) / (len(left) + len(right)) if left else float("nan")
