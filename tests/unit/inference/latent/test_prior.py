"""The prior over songs as points: a distribution, and one that can be learnt."""

from dataclasses import replace

import numpy as np
import torch

from inference.latent.agreement import SILENT, Sounds
from inference.latent.config import LatentConfig, PriorConfig
from inference.latent.course import REST
from inference.latent.drawing import Drawing, Stock
from inference.latent.habits import Heard
from inference.latent.points import Points, blocks_in
from inference.latent.prior import LatentPrior
from inference.latent.sketch import Sketch
from inference.latent.songs import Conditions, Excerpt, Songs, conditions_of, songs_of
from inference.model.song import SONG_SIZES
from inference.music.program import Role
from inference.tokens.grammar import Rules
from inference.tokens.vocabulary import POSITIONS
from inference.training.bands import Played
from inference.training.lean import Effort, Example, examples_of, lean, lean_all
from tests.unit.inference.latent.spaces import taught

PLAYERS, WIDTH, KNOWN, STOCK = 2, 32, 6, 40


def tiny_prior() -> LatentPrior:
    torch.manual_seed(5)
    prior = LatentPrior(2, LatentConfig(3, hidden=8, block=KNOWN), PriorConfig(WIDTH, layers=2, heads=2, stock=STOCK))
    prior.stock.copy_(torch.randn(STOCK, 3))
    torch.nn.init.constant_(prior.nearly.distance.weight, -1e3)  # unless a test wants variations
    return prior


def conditions() -> Conditions:
    genres = torch.zeros(1, 3)
    genres[:, 0] = 1.0
    players = torch.tensor([[[1, 129], [2, 34]]])
    return Conditions(torch.zeros(1, len(SONG_SIZES), dtype=torch.int64), genres, players)


def in_form(form: list[tuple[int, int]], seed: int = 0) -> Points:
    cells = np.array(form)
    generator = torch.Generator().manual_seed(seed)
    return Points(torch.randn(int(cells.max()) + 1, KNOWN, generator=generator), cells)


def batch(*songs: Points) -> Songs:
    return songs_of([Excerpt(song, torch.eye(len(song.values)), conditions()) for song in songs])


def known() -> torch.Tensor:
    """What is known of each point of the stock."""
    return torch.randn(STOCK, KNOWN, generator=torch.Generator().manual_seed(8))


@torch.no_grad()
def drawing(prior: LatentPrior) -> Drawing:
    """Everybody of the tests plays drums or may play them; all sounds alike."""
    torch.manual_seed(9)
    sketch = Sketch(LatentConfig(3, hidden=8, block=KNOWN))
    alike = Sounds(torch.full((STOCK, POSITIONS), SILENT, dtype=torch.int16))
    return Drawing(prior, sketch, Stock(prior.stock, prior.point(known()), alike))


def drawn(prior: LatentPrior, bars: int, seed: int) -> Points:
    return drawing(prior).song(bars, conditions(), torch.Generator().manual_seed(seed))


def chosen(prior: LatentPrior, song: Points) -> torch.Tensor:
    """Which of the stock each point is."""
    return torch.cdist(song.values, prior.stock).argmin(dim=1)


def costs(prior: LatentPrior, songs: Songs) -> torch.Tensor:
    with torch.no_grad():
        form: torch.Tensor = prior(songs, known()).form
    return form


def choices_of(prior: LatentPrior, songs: Songs) -> torch.Tensor:
    shape = (*songs.cells.shape, WIDTH)
    return prior.choices(torch.randn(shape), torch.randn(shape), songs.plays, songs.returning).exp()


def test_a_player_can_only_come_back_to_what_it_played() -> None:
    choices = choices_of(tiny_prior(), batch(in_form([(0, 1), (2, REST), (0, 1), (3, 4)])))
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
    before, after = costs(prior, songs), costs(prior, replace(songs, values=values))
    assert torch.allclose(before[:, :2], after[:, :2], atol=1e-5)
    assert torch.allclose(before[:, 2, 0], after[:, 2, 0], atol=1e-5)
    assert not torch.allclose(before[:, 3], after[:, 3], atol=1e-5)


def test_whoever_comes_later_in_a_bar_hears_the_point_of_who_came_before() -> None:
    prior = tiny_prior()
    songs = batch(in_form([(0, 1), (2, 3)]))
    values = songs.values.clone()
    values[:, 1, 0] += 1.0
    before, after = costs(prior, songs), costs(prior, replace(songs, values=values))
    assert not torch.allclose(before[:, 1, 1], after[:, 1, 1], atol=1e-5)


def test_a_seed_gives_the_same_song_again_and_another_gives_another() -> None:
    prior = tiny_prior()
    first, again, other = (drawn(prior, 7, seed) for seed in (1, 1, 2))
    assert first.cells.shape == (7, PLAYERS)
    assert np.array_equal(first.cells, again.cells)
    assert torch.equal(first.values, again.values)
    assert not (np.array_equal(first.cells, other.cells) and torch.equal(first.values, other.values))


def test_drawing_cell_by_cell_has_the_chances_of_reading_all_at_once() -> None:
    """What is drawn is what reading it says is likely: with sure chances no choice goes against them."""
    prior = tiny_prior()
    with torch.no_grad():
        prior.else_.weight.mul_(60.0)
        prior.again.wanted.weight.mul_(60.0)
        prior.else_.bias[0] = -1e3  # or a rest that is too long would end against all chances
    for seed in range(3):
        song = drawn(prior, 6, seed)
        read = batch(song.moved(known()[chosen(prior, song)]))
        assert costs(prior, read)[0, :-1].mean() < 0.3


def test_everybody_plays_and_the_last_bar_is_played_even_where_all_would_rather_rest() -> None:
    prior = tiny_prior()
    with torch.no_grad():
        prior.else_.bias[0] = 9.0
    for seed in range(10):
        cells = drawn(prior, 6, seed).cells
        assert (cells != REST).any(axis=0).all()
        assert (cells[-1] != REST).any()


def test_nobody_rests_longer_than_in_songs_without_points_even_where_all_would_rather_rest() -> None:
    prior = tiny_prior()
    with torch.no_grad():
        prior.else_.bias[0] = 9.0
    limit = Rules().rest_limit(16, Role.DRUMS)
    cells = drawn(prior, 16, 1).cells
    windows = np.lib.stride_tricks.sliding_window_view(cells != REST, limit + 1, axis=0)
    assert windows.any(axis=-1).all()
    assert not np.lib.stride_tricks.sliding_window_view(cells != REST, limit, axis=0).any(axis=-1).all()


def test_nobody_plays_a_point_anew_that_it_has_played() -> None:
    prior = tiny_prior()
    with torch.no_grad():
        prior.else_.bias[1] = 20.0
    song = drawn(prior, 12, 1)
    played = chosen(prior, song)[torch.from_numpy(song.cells)]
    assert all(len(set(player.tolist())) == 12 for player in played.T)


def test_a_variation_lies_between_what_was_played_and_something_of_the_stock() -> None:
    prior = tiny_prior()
    torch.nn.init.constant_(prior.nearly.distance.weight, 1e3)
    with torch.no_grad():
        prior.else_.bias[0] = -1e3  # nobody rests
    song = drawn(prior, 6, 1)
    moved = torch.cdist(song.values, prior.stock).amin(dim=1)
    assert len(song.values) == 6 * PLAYERS
    assert moved[PLAYERS:].gt(0).all()
    assert moved[:PLAYERS].eq(0).all()


def test_what_a_genre_leans_to_is_drawn_more_often() -> None:
    prior = tiny_prior()
    few = np.mean([len(drawn(prior, 8, seed).values) for seed in range(6)])
    prior.leanings[0, 0] = 5.0
    assert np.mean([len(drawn(prior, 8, seed).values) for seed in range(6)]) > 1.5 * few


def test_a_genre_leans_to_what_its_real_songs_measure() -> None:
    """Real songs of one bar over and over: what is drawn like them has fewer new bars than before, and more repeats."""
    prior = tiny_prior()
    silent = Sounds(torch.full((PLAYERS, POSITIONS), SILENT, dtype=torch.int16))
    real = [Example(Heard(np.array([(0, 1)] * 10), silent), conditions())] * 2
    before = np.mean([len(drawn(prior, 10, seed).values) for seed in range(6)])
    lean(drawing(prior), 0, real, Effort(songs=3, rounds=5))
    assert np.mean([len(drawn(prior, 10, seed).values) for seed in range(6)]) < 0.8 * before
    assert prior.leanings[1:].eq(tiny_prior().leanings[1:]).all()


def test_genres_without_songs_lean_as_the_others_do() -> None:
    prior = tiny_prior()
    silent = Sounds(torch.full((PLAYERS, POSITIONS), SILENT, dtype=torch.int16))
    real = [Example(Heard(np.array([(0, 1)] * 10), silent), conditions())]
    lean_all(drawing(prior), lambda genre: real if genre == 0 else [], lambda: 0.0, lambda: False)
    assert not prior.leanings.equal(tiny_prior().leanings)
    assert prior.leanings.eq(prior.leanings[0]).all()


def test_a_song_that_is_leant_to_is_heard_beside_its_own_wishes() -> None:
    space, song = taught()
    played = Played(song, 1, tuple(range(len(song.header.players))))
    example, _ = examples_of(space, [played] * 2, ("metal", "jazz"))
    _, cells = blocks_in(song)
    assert np.array_equal(example.song.cells, cells)
    assert len(example.song.sounds) == cells.max() + 1
    asked = conditions_of(song.header, ("metal", "jazz"))
    assert torch.equal(example.conditions.song, asked.song)
    assert torch.equal(example.conditions.players, asked.players)


def test_it_learns_a_form_and_who_plays_what_goes_with_another() -> None:
    """Songs A B A B; the second player rests in B, and in A plays what the stock has next to what the first plays."""
    prior = tiny_prior()
    optimiser = torch.optim.Adam(prior.parameters(), lr=4e-3)
    form = np.array([(0, 1), (2, REST)] * 4)
    stock = known()
    for _ in range(80):
        which = torch.randint(STOCK // 2, (16, 2)) * 2
        songs = [Points(stock[torch.stack((first, first + 1, other))], form) for first, other in which]
        learnt = prior(batch(*songs), stock)
        (learnt.form.mean() + learnt.points.mean()).backward()
        optimiser.step()
        optimiser.zero_grad()
    written = [drawn(prior, 8, seed) for seed in range(10)]
    formed = [chosen(prior, song) for song in written if np.array_equal(song.cells, form)]
    assert len(formed) >= 7
    assert sum(int(points[1]) == int(points[0]) + 1 for points in formed) > 0.35 * len(formed)  # by chance one in forty
