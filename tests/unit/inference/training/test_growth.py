"""A model that begins with a smaller one writes what that one writes, and all that is new in it learns."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from inference.latent.config import LatentConfig, PriorConfig
from inference.latent.prior import LatentPrior
from inference.latent.space import LatentSpace
from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError
from inference.model.example import to_example
from inference.model.transformer import Composer
from inference.tokens.arrange import arrange
from inference.tokens.encode import encode
from inference.training.batches import Batch, collate
from inference.training.growth import grow, grow_space, with_genres
from inference.training.loss import field_losses
from tests.fakes.scores import quartet_score

SMALL = ModelConfig(("metal", "punk"), 32, 2, heads=2, kv_heads=1, hidden=24, cascade_width=16)
WIDER = {"width": 64, "heads": 4, "kv_heads": 2}
POINTS = LatentConfig(6, hidden=8, block=12)


def composer(config: ModelConfig, seed: int = 1) -> Composer:
    torch.manual_seed(seed)
    return Composer(config)


def grown(**larger: int) -> tuple[Composer, Composer]:
    model, begun = composer(replace(SMALL, **larger), 2), composer(SMALL)  # type: ignore[arg-type]  # all are numbers
    grow(model, begun)
    return model, begun


def batch(genres: tuple[str, ...] = SMALL.genres, genre: str = "metal") -> Batch:
    arrangement = arrange(quartet_score(4), ((genre, 1.0),))
    return collate([to_example(arrangement, list(encode(arrangement)), genres)])


def losses(model: Composer, given: Batch, steer: Tensor | None = None) -> Tensor:
    return field_losses(model, given.inputs, given.targets, given.echo, steer)


@pytest.mark.parametrize("larger", [{}, {"layers": 5}, {"hidden": 40}, WIDER, WIDER | {"layers": 3, "hidden": 40}])
def test_a_grown_model_writes_what_the_smaller_one_writes(larger: dict[str, int]) -> None:
    model, begun = grown(**larger)
    torch.testing.assert_close(losses(model, batch()), losses(begun, batch()))


def test_everything_that_was_added_learns() -> None:
    model, _ = grown(**WIDER, layers=3, hidden=40)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(2):
        losses(model, batch()).sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        optimiser.step()
    gradients = {name: weight.grad for name, weight in model.named_parameters() if name.startswith("blocks.")}
    assert gradients
    for name, gradient in gradients.items():
        assert gradient is not None, name
        # Each row of a matrix, for added rows are heads, hidden units and width.
        assert (gradient.abs().flatten(1).amax(dim=1) if gradient.dim() > 1 else gradient.abs()).min() > 0, name


def test_a_new_genre_begins_as_songs_of_no_genre_and_the_others_stay_what_they_are() -> None:
    begun, genres = composer(SMALL), ("punk", "ska", "metal")
    model = composer(replace(SMALL, genres=genres), 2)
    grow(model, begun)
    for name in ("metal", "punk", "ska"):
        expected = losses(begun, batch(genre=name))  # a genre it does not know is none
        torch.testing.assert_close(losses(model, batch(genres, name)), expected)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"layers": 1}, "layers 1 cannot begin with one of more"),
        ({"hidden": 8}, "hidden 8 cannot"),
        ({"width": 64}, "attention heads are alike"),
        (WIDER | {"kv_heads": 4}, "attention heads are alike"),
        ({"cascade_width": 32}, "cascade_width 16 only with the same"),
    ],
)
def test_a_model_of_another_kind_is_refused(other: dict[str, int], sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        grown(**other)


def test_points_steer_a_grown_model_as_they_steered_the_smaller_one() -> None:
    model, begun = grown(**WIDER)
    torch.manual_seed(3)
    space, larger = LatentSpace(POINTS, SMALL.width), LatentSpace(POINTS, 64)
    for weight in space.told:
        torch.nn.init.normal_(weight)
    grow_space(larger, space)
    given = batch()
    steer, inside = larger(given.inputs.fields)
    expected, _ = space(given.inputs.fields)
    assert inside.any()
    torch.testing.assert_close(losses(model, given, steer), losses(begun, given, expected))


def test_points_of_another_size_are_refused() -> None:
    with pytest.raises(CheckpointError, match="points have 5 numbers, those to begin with 6"):
        grow_space(LatentSpace(replace(POINTS, size=5), 32), LatentSpace(POINTS, 32))


def test_a_prior_keeps_what_it_knows_of_each_genre() -> None:
    torch.manual_seed(4)
    prior = LatentPrior(2, POINTS, PriorConfig(16, layers=1, heads=2, stock=4))
    prior.leanings.copy_(torch.randn_like(prior.leanings))
    other = with_genres(prior, ("punk", "ska", "metal"), SMALL.genres, POINTS)
    for was, now in ((0, 2), (1, 0), (2, 1), (2, 3)):
        assert torch.equal(prior.genres.weight[:, was], other.genres.weight[:, now])
        assert torch.equal(prior.leanings[was], other.leanings[now])
    assert torch.equal(prior.stock, other.stock)
