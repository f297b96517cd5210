"""The form of a song: as asked for, else as the band decides, else none; and it is in the recipe."""

import pytest

from inference.api import SongBody
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe
from inference.music.spec import Space
from inference.server.order import take_order
from inference.server.refusal import Refusal
from tests.fakes.service import GENRES

CATALOGUE = load_catalogue(GENRES)


def recipe_of(**said: object) -> Recipe:
    return take_order(SongBody.model_validate({"genre": "metal"} | said), CATALOGUE, "weights", 7).recipe


def test_a_form_that_is_asked_for_is_a_wish_in_the_recipe() -> None:
    recipe = recipe_of(form="verse chorus verse")
    assert (recipe.spec.form, recipe.sampling.form) == ("ABA", None)
    assert "form" in recipe.asked
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_a_form_that_the_band_decided_on_is_none_of_the_wishes() -> None:
    recipe = recipe_of()
    assert recipe.spec.form is None
    assert recipe.sampling.form is not None
    assert "form" not in recipe.asked
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_a_song_played_again_has_the_form_of_its_recipe_or_none() -> None:
    assert recipe_of(touch={"section": 1.0}, drawn_form="ABCB").sampling.form == "ABCB"
    assert recipe_of(touch={"section": 1.0}).sampling.form is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"form": "A1"}, "such as AABA"),
        ({"form": "ABABAB", "bars": 4}, "more than the song has bars"),
        ({"form": "ABABAB", "genre": "rock", "bars": 5}, "6 sections"),
        ({"form": "AABA", "space": Space.EMBEDDING}, "form of its own"),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_the_reason(said: dict[str, object], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        recipe_of(**said)
