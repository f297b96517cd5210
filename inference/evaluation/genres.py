"""Row 6: whether a classifier of genres, taught by real songs, hears the genre in generated ones.

It hears instruments above all: a high figure says that a song wears its genre's dress, not that it is good.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

from inference.critic.features import song_features
from inference.critic.lines import Floats, lines_of
from inference.evaluation.comparison import Comparison, judged
from inference.evaluation.estimate import Estimate, Rows, bootstrap, mean
from inference.evaluation.material import SPLIT, Piece
from inference.evaluation.report import Row
from inference.evaluation.samples import excerpts, thinned
from inference.music.measure import estimate_key
from inference.music.program import Role
from inference.music.score import Score
from inference.training.bands import BARS
from inference.training.bank import Bank

_TREES = 300
_LIKE_A_BAND = (3, 6)  # players of a thinned sample
_POINTS = 5.0
_FAMILIES = 16


@dataclass(frozen=True)
class GenreEar:
    """A forest of trees over the catalogue's genres, and how it hears real held-out songs of each."""

    forest: ExtraTreesClassifier
    held_out: Mapping[str, Floats]

    @property
    def genres(self) -> list[str]:
        return [str(name) for name in self.forest.classes_]

    def hear(self, features: Floats) -> Floats:
        """Probabilities [N, G] in the order of `genres`."""
        heard: Floats = self.forest.predict_proba(features)
        return heard


def train_ear(banks: Sequence[Bank], genres: Sequence[str], songs: int, seed: int) -> GenreEar:
    """Learns from `songs` training songs a genre, whole and thinned; artists of the splits are different ones.

    Genres of which the banks hold no training song are left out.
    """
    rng = random.Random(seed)
    learnt, names, held_out = [], [], {}
    for genre in genres:
        for sample in excerpts(banks, "train", genre, (songs, BARS), seed):
            for one in (sample, thinned(sample, rng.randint(*_LIKE_A_BAND), rng)):
                learnt.append(dressed_features(one.score, one.roles))
                names.append(genre)
        others = excerpts(banks, SPLIT, genre, (max(5, songs // 3), BARS), seed)
        few = [thinned(sample, rng.randint(*_LIKE_A_BAND), rng) for sample in others]
        if few:
            held_out[genre] = np.array([dressed_features(one.score, one.roles) for one in few])
    forest = ExtraTreesClassifier(_TREES, min_samples_leaf=2, class_weight="balanced", random_state=seed, n_jobs=-1)
    forest.fit(np.array(learnt), names)
    return GenreEar(forest, {genre: forest.predict_proba(features) for genre, features in held_out.items()})


def genre_rows(pieces: Comparison, genre: str, ear: GenreEar) -> Iterator[Row]:
    """How often the genre is the likeliest, and how well its songs are told from other genres' real ones."""
    if genre not in ear.genres:
        return
    own = ear.genres.index(genre)
    others = np.concatenate([heard[:, own] for other, heard in ear.held_out.items() if other != genre] or [np.zeros(0)])
    roles = tuple(player.role for player in pieces.roster)
    real, generated = (_heard(some, roles, ear) for some in (pieces.real, pieces.generated))
    songs = ([piece.song for piece in pieces.real], [piece.song for piece in pieces.generated])
    right = tuple(
        bootstrap(100.0 * (heard.argmax(axis=1) == own), of, mean) if len(heard) else None
        for heard, of in zip((real, generated), songs, strict=True)
    )
    target = f"≥ real − {_POINTS:g}"
    yield judged(6, "heard as its genre, %", (right[0], right[1]), target, _near)
    if len(others):
        areas = [
            bootstrap(heard[:, own], of, lambda rows: _area(rows, others)) if len(heard) else None
            for heard, of in zip((real, generated), songs, strict=True)
        ]
        yield judged(6, "AUC against other genres' real songs, %", (areas[0], areas[1]), target, _near)


def dressed_features(score: Score, roles: tuple[Role, ...]) -> Floats:
    """What is heard, and on which instruments and how fast."""
    families = np.zeros(_FAMILIES + 1)
    programs = np.zeros(128)
    for track in score.tracks:
        families[_FAMILIES if track.is_drum else track.program // 8] += len(track.notes)
        if not track.is_drum:
            programs[track.program] = 1.0
    present = [float(role in roles) for role in Role]
    heard = song_features(lines_of(score, roles, BARS), estimate_key(score).tonic)
    tempo = [log2(score.tempos[0].tempo / 120)]
    return np.concatenate([heard, families / max(1.0, families.sum()), programs, present, tempo])


def _heard(pieces: Sequence[Piece], roles: tuple[Role, ...], ear: GenreEar) -> Floats:
    features = [dressed_features(piece.score, roles) for piece in pieces]
    return ear.hear(np.array(features)) if features else np.zeros((0, len(ear.genres)))


def _area(own: Rows, others: Floats) -> float:
    labels = np.repeat([1, 0], [len(own), len(others)])
    return 100 * float(roc_auc_score(labels, np.concatenate([own, others])))


def _near(real: Estimate, generated: Estimate) -> bool:
    return generated.value >= real.value - _POINTS
