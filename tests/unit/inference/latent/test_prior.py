"""The prior over bars: a distribution, and one that can be learnt."""

import torch

from inference.latent.prior import Conditions, LatentPrior
from inference.model.song import SONG_SIZES

SIZE = 4


def tiny_prior() -> LatentPrior:
    torch.manual_seed(5)
    return LatentPrior(2, SIZE, width=32, components=3)


def conditions(count: int = 1) -> Conditions:
    players = torch.zeros(count, 3, 2, dtype=torch.int64)
    players[:, 0, 0] = 1
    genres = torch.zeros(count, 3)
    genres[:, 0] = 1.0
    return Conditions(torch.zeros(count, len(SONG_SIZES), dtype=torch.int64), genres, players)


def repeats(points: torch.Tensor) -> torch.Tensor:
    equal = (points.unsqueeze(2) == points.unsqueeze(1)).all(dim=-1)
    return equal & torch.ones(equal.shape[1:], dtype=torch.bool).tril(-1)


def test_the_first_bar_is_always_new() -> None:
    prior = tiny_prior()
    choices = prior._choices(torch.randn(1, 5, 32), torch.randn(1, 5, SIZE)).exp()
    assert torch.allclose(choices.sum(dim=-1), torch.ones(1, 5))
    assert torch.allclose(choices[0, 0, -1], torch.tensor(1.0))
    assert not choices[0].tril(-1)[:, :-1].eq(0).all()
    assert choices[0, :, :-1].triu().eq(0).all()


def test_what_follows_changes_nothing_before_it() -> None:
    prior, points = tiny_prior(), torch.randn(1, 6, SIZE)
    other = points.clone()
    other[:, 4:] = 0.0
    bars = torch.tensor([6])
    before = prior(points, repeats(points), bars, conditions())
    after = prior(other, repeats(points), bars, conditions())
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-5)


def test_a_seed_gives_the_same_bars_again_and_another_gives_others() -> None:
    prior = tiny_prior()
    first, again, other = (prior.sample(7, conditions(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == (7, SIZE)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_it_learns_a_form() -> None:
    """Of songs A B A B A B ... it learns that the third bar on is the one two bars ago."""
    prior = tiny_prior()
    optimiser = torch.optim.Adam(prior.parameters(), lr=5e-3)
    bars = torch.full((16,), 8)
    for _ in range(60):
        points = torch.randn(16, 2, SIZE).repeat(1, 4, 1)
        loss = prior(points, repeats(points), bars, conditions(16)).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    drawn = [prior.sample(8, conditions(), torch.Generator().manual_seed(seed)) for seed in range(20)]
    in_form = sum(torch.equal(song[:2], song[2:4]) and torch.equal(song[:4], song[4:]) for song in drawn)
    assert in_form >= 14
