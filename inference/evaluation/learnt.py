"""Rows 6 and 8, which need all training songs."""

from collections.abc import Callable, Iterator, Sequence

from inference.evaluation.comparison import Comparison
from inference.evaluation.compose import Tell
from inference.evaluation.copies import review_rows, window_rows
from inference.evaluation.genres import genre_rows, train_ear
from inference.evaluation.known import KnownWindows
from inference.evaluation.plan import Plan
from inference.evaluation.report import Row
from inference.music.genre import Genre
from inference.originality.index import OriginalityIndex
from inference.training.bank import Bank

_HEARD = 60  # songs a genre that the classifier learns from, at least

LearntRows = Callable[[Genre, Comparison], Iterator[Row]]


def learnt_rows(
    banks: Sequence[Bank], plan: Plan, index: OriginalityIndex | None, compared: Sequence[Comparison], tell: Tell
) -> LearntRows:
    """Reads the training songs, and gives what measures the pieces of a genre by them.

    Args:
        banks: with training songs or without; without there are only the rows that the index gives.
        plan: the genres there are to learn, and the seed of what is drawn.
        index: None leaves its rows out.
        compared: everything that will be measured.
        tell: takes lines on how far it is.
    """
    if not any(len(bank.by_split["train"]) for bank in banks):
        return lambda genre, pieces: review_rows(pieces, index) if index is not None else iter(())
    tell("reading training songs for windows of notes")
    known = KnownWindows.among((piece.score for pieces in compared for piece in pieces.everything), banks)
    tell("learning the genres")
    ear = train_ear(banks, _genres_of(plan), max(plan.songs, _HEARD), plan.seed)

    def rows(genre: Genre, pieces: Comparison) -> Iterator[Row]:
        yield from genre_rows(pieces, genre.name, ear)
        yield from window_rows(pieces, known)
        if index is not None:
            yield from review_rows(pieces, index)

    return rows


def _genres_of(plan: Plan) -> Sequence[str]:
    return plan.catalogue.names if plan.catalogue else [genre.name for genre in plan.genres]
