"""Row 8: how much of a song is found in the training songs."""

from collections.abc import Callable, Iterator

import numpy as np

from inference.evaluation.comparison import Comparison, judged
from inference.evaluation.estimate import Estimate, Rows, bootstrap, difference_is_seen
from inference.evaluation.known import LEVELS, KnownWindows
from inference.evaluation.material import Piece
from inference.evaluation.report import Row
from inference.originality.index import OriginalityIndex
from inference.originality.lookup import look_up
from inference.originality.ngrams import Level

_NUMBER = 8


def window_rows(pieces: Comparison, known: KnownWindows) -> Iterator[Row]:
    """The share of windows of each length found in training."""
    for level in LEVELS:
        pair = (_share(pieces.real, known, level), _share(pieces.generated, known, level))
        yield judged(_NUMBER, f"runs of {level.notes} notes found in training, %", pair, "≤ real", _no_more)


def review_rows(pieces: Comparison, index: OriginalityIndex) -> Iterator[Row]:
    """What the service's originality check finds, before it rewrites anything."""
    looked_up = {id(piece): look_up(index, piece.score) for piece in pieces.everything}

    def of(metric: Callable[[int], float], name: str) -> Row:
        return judged(_NUMBER, name, pieces.both(lambda piece: metric(id(piece))), "≤ real", _no_more)

    yield of(
        lambda piece: 100.0 * any(track.copied for track in looked_up[piece].tracks), "songs with a run of 64 notes, %"
    )
    yield of(lambda piece: 100.0 * bool(looked_up[piece].together), "songs with 8 bars of two players, %")
    yield of(lambda piece: 100.0 * (not looked_up[piece].is_free), "songs to be mended before release, %")
    yield of(lambda piece: looked_up[piece].certain_run, "longest run surely found, notes")
    yield of(lambda piece: looked_up[piece].longest_run, "longest run possibly found, notes")


def _share(pieces: tuple[Piece, ...], known: KnownWindows, level: Level) -> Estimate | None:
    counts = np.array([known.count(piece.score, level) for piece in pieces], np.float64).reshape(-1, 2)
    return bootstrap(counts, [piece.song for piece in pieces], _percentage) if counts[:, 1].any() else None


def _percentage(counts: Rows) -> float:
    """Of all windows together; NaN when the songs drawn have none."""
    found, counted = counts.sum(axis=0)
    return 100 * float(found / counted) if counted else float("nan")


def _no_more(real: Estimate, generated: Estimate) -> bool:
    return generated.value <= real.value or not difference_is_seen(real, generated)
