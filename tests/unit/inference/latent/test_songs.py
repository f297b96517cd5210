"""Songs of points in a batch: who rests, what comes back, and what speaks for it."""

import numpy as np
import torch

from inference.latent.course import REST
from inference.latent.points import Points
from inference.latent.songs import Conditions, Excerpt, Songs, likeness_of, songs_of
from inference.model.song import SONG_SIZES
from inference.tokens.block import Block
from inference.tokens.vocabulary import PITCH, POSITION, Step


def batch(*forms: list[tuple[int, ...]]) -> Songs:
    return songs_of([_excerpt(np.array(form)) for form in forms])


def _excerpt(cells: np.ndarray, *alike: tuple[int, int]) -> Excerpt:
    points = _points(cells)
    likeness = torch.eye(len(points.values))
    for one, other in alike:
        likeness[one, other] = likeness[other, one] = 0.5
    return Excerpt(points, likeness, _conditions(cells.shape[1]))


def _points(cells: np.ndarray) -> Points:
    return Points(torch.randn(int(cells.max()) + 1, 3), cells)


def _conditions(players: int) -> Conditions:
    return Conditions(
        torch.zeros(1, len(SONG_SIZES), dtype=torch.int64),
        torch.ones(1, 1),
        torch.zeros(1, players, 2, dtype=torch.int64),
    )


def test_a_batch_knows_what_rests_and_what_comes_back() -> None:
    songs = batch([(0, 1), (2, REST), (0, 1)], [(0, 1), (0, 2)])
    assert songs.bars.tolist() == [3, 2]
    assert songs.plays[0].tolist() == [[True, True], [True, False], [True, True]]
    assert not songs.plays[1, 2].any()
    assert songs.same[0, 2].tolist() == [[True, False, False], [True, False, False]]
    assert songs.back[0].tolist() == [[0, 0], [0, 0], [2, 2]]
    assert songs.back[1, 1].tolist() == [1, 0]


def test_a_bar_that_the_song_went_on_with_before_speaks_for_itself() -> None:
    """A B A: what follows is likely B, as the song went on with it, and for whoever comes later the others agree."""
    speaking = batch([(0, 1), (2, 3), (0, 1), (2, 3)]).returning[0, 3]
    own, band, agree, all_agree = speaking.unbind(dim=-1)
    assert own.tolist() == [[0, 1, 0, 0], [0, 1, 0, 0]]
    assert band.tolist() == own.tolist()
    assert agree.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0]]
    assert all_agree.tolist() == agree.tolist()


def test_of_three_players_one_that_goes_on_and_one_that_does_not_count_by_share() -> None:
    speaking = batch([(0, 1, 2), (3, 4, REST), (0, 5, 2), (3, 6, REST)]).returning[0, 3]
    own, band, agree, _ = speaking.unbind(dim=-1)
    assert own[:, 1].tolist() == [1, 0, 1]
    assert torch.allclose(band[:, 1], torch.tensor(2 / 3))
    assert agree[:, 1].tolist() == [0, 1, 0.5]


def test_a_variation_counts_where_it_is_new_and_speaks_for_how_the_song_went_on() -> None:
    """A, B, then nearly A, which is no repeat; and B is how the song went on after A."""
    songs = songs_of([_excerpt(np.array([(0, 1), (2, 3), (4, 1), (2, 3), (4, 1)]), (0, 4))])
    assert songs.near[0, 2].tolist() == [[True, *[False] * 4], [False] * 5]
    assert not songs.near[0, 4].any()  # the same again
    assert songs.returning[0, 3, 0, :, 0].tolist() == [0, 1, 0, 0, 0]


def test_blocks_are_as_alike_as_what_they_strike() -> None:
    def block(*pitches: int, velocity: int = 5) -> Block:
        return Block(tuple(Step(POSITION + 24 * at, PITCH + one, 1, 3, velocity) for at, one in enumerate(pitches)))

    likeness = likeness_of([block(40, 43, 45), block(40, 43, 45, velocity=2), block(40, 43, 47), block(50, 50, 50)])
    assert likeness[0].tolist() == [1, 1, 0.5, 0]
