"""A recipe survives JSON and MIDI texts, and a damaged one is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.music.errors import BadRecipe
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.recipe import RECIPE_MARK, Recipe
from inference.music.score import Meter
from inference.music.spec import Player, SamplingParams, SongSpec

PLAYERS = st.builds(Player, st.sampled_from([Role.BASS, Role.LEAD, Role.KEYS]), st.integers(0, 127))
RECIPES = st.builds(
    Recipe,
    st.text("0123456789abcdef", min_size=12, max_size=12),
    st.builds(
        SongSpec,
        st.sampled_from([(("metal", 1.0),), (("jazz", 0.25), ("metal", 0.75))]),
        st.integers(4, 64),
        st.builds(Key, st.integers(0, 11), st.sampled_from(Mode)),
        st.floats(40, 260),
        st.just(Meter()),
        st.lists(PLAYERS, min_size=1, max_size=12).map(tuple),
        st.integers(1, 8),
        st.none() | st.text(max_size=40),
    ),
    st.builds(SamplingParams, st.integers(0, 2**32 - 1), st.floats(0.1, 2), st.floats(0.1, 1), st.floats(0, 3)),
    st.just(("bars", "key")),
)


@given(RECIPES)
def test_a_recipe_comes_back_from_its_json(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe


@given(RECIPES)
def test_a_recipe_is_found_among_the_texts_of_a_file(recipe: Recipe) -> None:
    assert Recipe.from_meta(("made by hand", RECIPE_MARK + recipe.to_json())) == recipe


def test_a_file_without_a_recipe_says_so() -> None:
    with pytest.raises(BadRecipe, match="no LnH recipe"):
        Recipe.from_meta(("a song",))


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_other_text_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadRecipe, match="damaged"):
        Recipe.from_json(text)


def test_a_recipe_of_another_version_is_named() -> None:
    with pytest.raises(BadRecipe, match="version 2"):
        Recipe.from_json(json.dumps({"version": 2}))
