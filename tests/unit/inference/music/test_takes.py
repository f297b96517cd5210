"""Takes of one seed are songs of their own, and a recipe says which it is."""

from inference.music.recipe import Recipe
from inference.music.spec import MAX_SEED, MAX_TAKES, SamplingParams, SongSpec


def test_takes_draw_other_random_numbers_than_each_other_and_than_the_seeds_beside_them() -> None:
    seeds = {SamplingParams(seed, take=take).noise_seed for seed in range(1000) for take in range(MAX_TAKES)}
    assert len(seeds) == 1000 * MAX_TAKES
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert SamplingParams(MAX_SEED).noise_seed == MAX_SEED


def test_a_recipe_keeps_the_take_and_a_recipe_without_one_is_the_first() -> None:
    spec = SongSpec((("metal", 1.0),))
    third = Recipe("weights", spec, SamplingParams(7, take=2))
    assert Recipe.from_json(third.to_json()) == third
    first = Recipe("weights", spec, SamplingParams(7))
    assert "take" not in first.to_dict()
    assert Recipe.from_json(first.to_json()).sampling.take == 0
