"""Several songs to one wish, of which one is kept."""

from collections.abc import Callable, Sequence

from inference.music.obedience import broken_wishes
from inference.music.score import Score
from inference.music.spec import SongSpec

Judge = Callable[[Score, SongSpec], float]


def best_of(takes: Sequence[Score], spec: SongSpec, judge: Judge | None) -> int:
    """The number of the take to keep: of those that break the fewest wishes the judge's choice, else the first.

    Args:
        takes: of one song, at least one.
        spec: what was asked for, complete.
        judge: the greater, the better; None where there is no critic.
    """

    def merit(number: int) -> tuple[int, float]:
        score = takes[number]
        return -broken_wishes(score, spec), 0.0 if judge is None else judge(score, spec)

    return max(range(len(takes)), key=merit)
