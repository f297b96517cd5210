"""The prior over songs as points: a distribution, and one that can be learnt."""

import numpy as np
import torch

from inference.latent.course import REST
from inference.latent.points import Points
from inference.latent.prior import Conditions, LatentPrior, Songs
from inference.model.song import SONG_SIZES
from inference.training.prior import songs_of

SIZE, PLAYERS = 4, 2


def tiny_prior() -> LatentPrior:
    torch.manual_seed(5)
    return LatentPrior(2, SIZE, kinds=3, width=32)


def conditions() -> Conditions:
    genres = torch.zeros(1, 3)
    genres[:, 0] = 1.0
    players = torch.tensor([[[1, 129], [2, 34]]])
    return Conditions(torch.zeros(1, len(SONG_SIZES), dtype=torch.int64), genres, players)


def in_form(form: list[tuple[int, int]], seed: int = 0) -> Points:
    cells = np.array(form)
    generator = torch.Generator().manual_seed(seed)
    return Points(torch.randn(int(cells.max()) + 1, SIZE, generator=generator), cells)


def batch(*songs: Points) -> Songs:
    return songs_of([(song, conditions()) for song in songs])


def test_a_batch_knows_what_rests_and_what_comes_back() -> None:
    songs = batch(in_form([(0, 1), (2, REST), (0, 1)]), in_form([(0, 1), (0, 2)]))
    assert songs.bars.tolist() == [3, 2]
    assert songs.plays[0].tolist() == [[True, True], [True, False], [True, True]]
    assert not songs.plays[1, 2].any()
    assert songs.same[0, 2].tolist() == [[True, False, False], [True, False, False]]
    assert songs.back[0].tolist() == [[0, 0], [0, 0], [2, 2]]
    assert songs.back[1, 1].tolist() == [1, 0]


def test_a_player_can_only_come_back_to_what_it_played() -> None:
    prior, songs = tiny_prior(), batch(in_form([(0, 1), (2, REST), (0, 1), (3, 4)]))
    choices = prior._choices(torch.randn(1, 4, PLAYERS, 32), songs.values, songs.plays).exp()
    assert torch.allclose(choices.sum(dim=-1), torch.ones(1, 4, PLAYERS))
    assert choices[0, 0, :, :4].eq(0).all()
    assert choices[0, 3, 0, :4].gt(0).tolist() == [True, True, True, False]
    assert choices[0, 3, 1, :4].gt(0).tolist() == [True, False, True, False]


def test_what_follows_changes_nothing_before_it() -> None:
    prior = tiny_prior()
    songs = batch(in_form([(0, 1), (2, 3), (0, 4), (5, 6)]))
    values = songs.values.clone()
    values[:, 2, 1] += 1.0
    values[:, 3] += 1.0
    before = prior(songs)
    after = prior(Songs(values, songs.plays, songs.same, songs.bars, songs.conditions))
    assert torch.allclose(before[:, :2], after[:, :2], atol=1e-5)
    assert torch.allclose(before[:, 2, 0], after[:, 2, 0], atol=1e-5)
    assert not torch.allclose(before[:, 3], after[:, 3], atol=1e-5)


def test_a_seed_gives_the_same_song_again_and_another_gives_another() -> None:
    prior = tiny_prior()
    first, again, other = (prior.sample(7, conditions(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.cells.shape == (7, PLAYERS)
    assert np.array_equal(first.cells, again.cells)
    assert torch.equal(first.values, again.values)
    assert not (np.array_equal(first.cells, other.cells) and torch.equal(first.values, other.values))


def test_what_is_drawn_is_as_likely_as_what_is_read_says() -> None:
    """Drawing goes bar by bar, reading all at once: a song that was drawn is read with the very states it had."""
    prior = tiny_prior()
    drawn = prior.sample(9, conditions(), torch.Generator().manual_seed(3))
    torch.manual_seed(0)
    costs = prior(songs_of([(drawn, conditions())]))
    assert torch.isfinite(costs).all()
    assert (costs[0][torch.from_numpy(drawn.cells) == REST] > 0).all()


def test_everybody_plays_and_the_last_bar_is_played_even_where_all_would_rather_rest() -> None:
    prior = tiny_prior()
    with torch.no_grad():
        prior.else_.bias[0] = 9.0
    for seed in range(10):
        cells = prior.sample(6, conditions(), torch.Generator().manual_seed(seed)).cells
        assert (cells != REST).any(axis=0).all()
        assert (cells[-1] != REST).any()


def test_it_learns_a_form() -> None:
    """Of songs A B A B A B ... in which the second player rests in B it learns just that."""
    prior = tiny_prior()
    optimiser = torch.optim.Adam(prior.parameters(), lr=5e-3)
    form = [(0, 1), (2, REST)] * 4
    for update in range(80):
        loss = prior(batch(*(in_form(form, 16 * update + song) for song in range(16)))).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    drawn = [prior.sample(8, conditions(), torch.Generator().manual_seed(seed)).cells for seed in range(20)]
    assert sum(np.array_equal(cells, np.array(form)) for cells in drawn) >= 14
