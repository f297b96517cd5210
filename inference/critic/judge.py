"""The critic itself: how much a song measures like the real ones of its genre."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from inference.critic.errors import BadCritic
from inference.critic.lines import Floats, lines_of
from inference.critic.measures import MEASURES, measures
from inference.music.program import Role
from inference.music.score import Score
from inference.music.spec import SongSpec

_FORMAT = "lnh-critic-1"
_ENTRY = "lnh"
_FAR = 4.0  # deviations beyond which further is no worse


@dataclass(frozen=True)
class Critic:
    """A logistic regression on how far each measure is from its genre's real songs, and on the squares of that.

    Args:
        genres: those it knows; any other is judged by all of them together, the last row.
        centres: float [G + 1, MEASURES], means of real songs.
        spreads: the same of standard deviations.
        weights: float [2 MEASURES].
        bias: of the logit.
        checkpoint: hash of the weights whose songs it learnt to tell from real ones.
    """

    genres: tuple[str, ...]
    centres: Floats
    spreads: Floats
    weights: Floats
    bias: float
    checkpoint: str

    def judge(self, score: Score, spec: SongSpec) -> float:
        """The logit of a song being a real one. The tracks of the score are the spec's players; some milliseconds."""
        roles = tuple(player.role for player in spec.roster or ())
        bars = spec.bars or 1
        return float(self.judge_measures(measured(score, roles, bars)[None], spec.main_genre)[0])

    def judge_measures(self, rows: Floats, genre: str) -> Floats:
        """Logits [N] of songs measured as `measured` does, float [N, MEASURES]."""
        logits: Floats = self.distances(rows, genre) @ self.weights + self.bias
        return logits

    def distances(self, rows: Floats, genre: str) -> Floats:
        """Float [N, 2 MEASURES]: distances in deviations, and their squares."""
        number = self.genres.index(genre) if genre in self.genres else len(self.genres)
        return spread_out(rows, self.centres[number], self.spreads[number])

    def save(self, path: Path) -> None:
        """Raises OSError."""
        entry = {"format": _FORMAT, "genres": self.genres, "bias": self.bias, "checkpoint": self.checkpoint}
        tables = {"centres": self.centres, "spreads": self.spreads, "weights": self.weights}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(save(tables, {_ENTRY: json.dumps(entry, sort_keys=True)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            BadCritic: the file is missing, damaged, or of another format.
        """
        try:
            with safe_open(path, framework="np") as file:
                entry = json.loads((file.metadata() or {}).get(_ENTRY, "{}"))
                if entry.get("format") != _FORMAT:
                    raise BadCritic(f"{path} is not a critic of this version of LnH ({_FORMAT})")
                centres, spreads, weights = (file.get_tensor(name) for name in ("centres", "spreads", "weights"))
                genres = tuple(map(str, entry["genres"]))
                if centres.shape != (len(genres) + 1, MEASURES) or weights.shape != (2 * MEASURES,):
                    raise BadCritic(f"{path} is a critic that listens for other things")
                return cls(genres, centres, spreads, weights, float(entry["bias"]), str(entry["checkpoint"]))
        except FileNotFoundError as error:
            raise BadCritic(f"there is no critic at {path}") from error
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadCritic(f"the critic {path} is damaged: {error}") from error


def best(critic: Critic, spec: SongSpec, takes: Sequence[Score]) -> int:
    """Which of some songs written to one spec is most like a real one; the first of equals.

    Raises:
        ValueError: there is none.
    """
    return int(np.argmax([critic.judge(take, spec) for take in takes]))


def measured(score: Score, roles: tuple[Role, ...], bars: int) -> Floats:
    """Float [MEASURES] of the first so many bars; one role a track."""
    return measures(lines_of(score, roles, bars))


def spread_out(rows: Floats, centre: Floats, spread: Floats) -> Floats:
    """Float [N, 2 M] of rows [N, M]."""
    apart = np.clip((rows - centre) / spread, -_FAR, _FAR)
    return np.concatenate([apart, apart**2], axis=1)
