"""The real and generated pieces of one genre, and rows that measure both alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inference.evaluation.compose import Composed
from inference.evaluation.estimate import Estimate, Statistic, bootstrap, mean
from inference.evaluation.material import Piece
from inference.evaluation.report import Row
from inference.midi import write_midi
from inference.music.genre import Genre
from inference.music.program import Role
from inference.music.score import Track
from inference.music.spec import Player


@dataclass(frozen=True)
class Comparison:
    """Real and generated pieces of one genre.

    roster: who plays track i of every piece. seed: of everything that is shuffled.
    """

    roster: tuple[Player, ...]
    real: tuple[Piece, ...]
    generated: tuple[Piece, ...]
    seed: int

    def first(self, role: Role) -> Callable[[Piece], Track] | None:
        """Where the first player of a role is found in any piece; None when the band has none."""
        index = next((at for at, player in enumerate(self.roster) if player.role is role), None)
        return None if index is None else lambda piece: piece.score.tracks[index]

    def both(
        self, metric: Callable[[Piece], float], statistic: Statistic = mean
    ) -> tuple[Estimate | None, Estimate | None]:
        """A metric of each piece, put together by `statistic`, on either side."""
        return _over(self.real, metric, statistic), _over(self.generated, metric, statistic)

    def ours(self, metric: Callable[[Piece], float]) -> tuple[None, Estimate | None]:
        """The mean of a metric that only generated pieces have."""
        return None, _over(self.generated, metric, mean)

    @property
    def everything(self) -> tuple[Piece, ...]:
        """The real pieces, then the generated ones."""
        return (*self.real, *self.generated)

    @property
    def songs(self) -> tuple[int, ...]:
        """The song of each real piece."""
        return tuple(piece.song for piece in self.real)


def _over(pieces: Sequence[Piece], metric: Callable[[Piece], float], statistic: Statistic) -> Estimate | None:
    values = np.array([metric(piece) for piece in pieces], np.float64)
    return bootstrap(values, [piece.song for piece in pieces], statistic)


def compare(genre: Genre, real: Sequence[Piece], songs: Sequence[Composed], seed: int) -> Comparison:
    """Real pieces beside generated songs and their files."""
    generated = tuple(
        Piece(song.score, number, job.spec, write_midi(song.score, job.spec.key))
        for number, (job, song) in enumerate(songs)
    )
    return Comparison(genre.roster, tuple(real), generated, seed)


Pair = tuple[Estimate | None, Estimate | None]


def judged(number: int, name: str, pair: Pair, target: str, rule: Callable[[Estimate, Estimate], bool]) -> Row:
    """A row whose target is a rule on (real, generated); no verdict when either is undefined."""
    real, generated = pair
    within = None if real is None or generated is None else rule(real, generated)
    return Row(number, name, real, generated, target, within)


def at_least(number: int, name: str, pair: Pair, floor: float) -> Row:
    """A row whose target is a percentage, whatever the real figure."""
    target = f"{floor:g}" if floor == 100 else f"≥ {floor:g}"
    return judged_alone(number, name, pair, target, lambda generated: generated.value >= floor)


def judged_alone(number: int, name: str, pair: Pair, target: str, rule: Callable[[Estimate], bool]) -> Row:
    """A row whose target is a rule on the generated figure alone."""
    real, generated = pair
    return Row(number, name, real, generated, target, None if generated is None else rule(generated))
