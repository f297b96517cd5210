"""The critic itself: whether a song makes up for what written songs lack, and whether it passes for a real one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from inference.critic.errors import BadCritic
from inference.critic.lines import Floats, lines_of
from inference.critic.measures import MEASURES, TELLING, measures
from inference.model.tensor_file import Kind, opened, write_arrays
from inference.music.program import Role
from inference.music.score import Score
from inference.music.spec import SongSpec

_KIND = Kind("a critic", "lnh-critic-4", BadCritic)
_TABLES = ("centres", "spreads", "lacks", "weights")
_FAR = 4.0  # deviations beyond which further is no worse
ENOUGH = 1.5  # deviations beyond which more makes up for nothing


@dataclass(frozen=True)
class Critic:
    """Real songs of some genres as the critic hears them, and how written ones differ from them.

    Takes are chosen by `merit`: of a few telling measures it knows how much to go against each, so that the songs that
    are kept have the means of real ones (`balancing`). Nearness to real songs does less, for a take may be near without
    making up for the others. The logistic regression, on how far every measure is and on the squares of that, tells
    songs apart very well, yet chooses hardly better than chance does.

    Args:
        genres: those it knows; any other is judged by all of them together, the last row.
        centres: float [G + 1, MEASURES], means of real songs.
        spreads: the same of standard deviations.
        lacks: the same of what to go against, a deviation of each.
        weights: float [2 MEASURES].
        bias: of the logit.
        checkpoint: hash of the weights whose songs it learnt to tell from real ones.
    """

    genres: tuple[str, ...]
    centres: Floats
    spreads: Floats
    lacks: Floats
    weights: Floats
    bias: float
    checkpoint: str

    def judge(self, score: Score, spec: SongSpec) -> float:
        """How well a song makes up for what written ones lack, the greater the better; takes some tens of milliseconds.

        The tracks of the score are the spec's players.
        """
        roles = tuple(player.role for player in spec.roster or ())
        return float(self.merit(measured(score, roles, spec.bars or 1)[None], spec.main_genre)[0])

    def merit(self, rows: Floats, genre: str) -> Floats:
        """Float [N] of songs as `measured` hears them, float [N, MEASURES]: what a genre's written songs lack."""
        apart = np.clip(self.distances(rows, genre)[:, :TELLING], -ENOUGH, ENOUGH)
        merit: Floats = -apart @ self.lacks[self._number(genre), :TELLING]
        return merit

    def nearness(self, rows: Floats, genre: str, count: int = TELLING) -> Floats:
        """Float [N], 0 at most: minus the sum of the squared distances of the first `count` measures.

        Args:
            rows: songs as `measured` hears them, float [N, MEASURES].
            genre: theirs.
            count: how many measures to heed.
        """
        squares = self.distances(rows, genre)[:, MEASURES:]
        near: Floats = -squares[:, :count].sum(axis=1)
        return near

    def logits(self, rows: Floats, genre: str) -> Floats:
        """Float [N], above 0 for songs [N, MEASURES] that pass for real ones."""
        logits: Floats = self.distances(rows, genre) @ self.weights + self.bias
        return logits

    def distances(self, rows: Floats, genre: str) -> Floats:
        """Float [N, 2 MEASURES]: distances in deviations, and their squares."""
        number = self._number(genre)
        return spread_out(rows, self.centres[number], self.spreads[number])

    def _number(self, genre: str) -> int:
        return self.genres.index(genre) if genre in self.genres else len(self.genres)

    def save(self, path: Path) -> None:
        """Raises OSError."""
        said = {"genres": self.genres, "bias": self.bias, "checkpoint": self.checkpoint}
        write_arrays(path, _KIND, {name: getattr(self, name) for name in _TABLES}, said)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            BadCritic: the file is missing, damaged, or of another format.
        """
        with opened(path, _KIND) as (entry, file):
            centres, spreads, lacks, weights = (file.get_tensor(name) for name in _TABLES)
            genres = tuple(map(str, entry["genres"]))
            known = (len(genres) + 1, MEASURES)
            if any(table.shape != known for table in (centres, spreads, lacks)) or weights.shape != (2 * MEASURES,):
                raise BadCritic(f"{path} is a critic that listens for other things")
            told = float(entry["bias"]), str(entry["checkpoint"])
            return cls(genres, centres, spreads, lacks, weights, *told)


def measured(score: Score, roles: tuple[Role, ...], bars: int) -> Floats:
    """Float [MEASURES] of the first so many bars; one role a track."""
    return measures(lines_of(score, roles, bars))


def spread_out(rows: Floats, centre: Floats, spread: Floats) -> Floats:
    """Float [N, 2 M] of rows [N, M]."""
    apart = np.clip((rows - centre) / spread, -_FAR, _FAR)
    return np.concatenate([apart, apart**2], axis=1)
