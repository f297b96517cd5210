"""A touch says what differs from the model's own way, and refuses what makes no sense."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference.music.edit import Edit, Operation
from inference.music.errors import InvalidSpec
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe
from inference.music.spec import SamplingParams, SongSpec
from inference.music.touch import PLAIN, Touch

USUAL = Touch(kick=2.5, low=0.9)  # of the catalogue below
METAL = SongSpec((("metal", 1.0),))
CATALOGUE = """
[metal]
title = "Metal"
description = "Loud"
aliases = []
band = ["drums", "bass"]
tempo = [100, 180]
bars = 32
keys = ["Em"]
density = [4, 8]
colour = "#b3202c"
touch = { kick = 2.5, low = 0.9 }
"""


def test_a_touch_is_read_from_what_it_says() -> None:
    touch = Touch(kick=1.5, low=0.9)
    assert touch.said() == {"kick": 1.5, "low": 0.9}
    assert Touch.read(touch.said()) == touch
    assert PLAIN.said() == {}


@pytest.mark.parametrize("entry", [{"swing": 1.0}, {"kick": 99.0}, {"low": 0.0}, {"high": float("nan")}])
def test_what_no_touch_has_is_refused_in_a_sentence(entry: dict[str, float]) -> None:
    with pytest.raises(InvalidSpec, match="touch"):
        Touch.read(entry)


def test_a_genre_leads_the_songs_that_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "genres.toml"
    file.write_text(CATALOGUE, encoding="utf-8")
    catalogue = load_catalogue(file)
    said = SamplingParams(1, touch=PLAIN)
    assert catalogue.led(METAL, SamplingParams(1)).touch == Touch(kick=2.5, low=0.9)
    assert catalogue.led(METAL, said) == said


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (Edit(Operation.CONTINUE, ""), USUAL.filling()),
        (Edit(Operation.EXTEND, ""), USUAL.filling()),
        (Edit(Operation.REPLACE, "", bars=(9, 16)), USUAL.filling()),
        (Edit(Operation.REPLACE, "", bars=(9, 16), players=("lead",)), USUAL.filling().joining()),
        (Edit(Operation.REPLACE, "", players=("lead",)), USUAL.joining()),
        (Edit(Operation.ACCOMPANY, ""), USUAL.accompanying()),
        (Edit(Operation.VARY, ""), USUAL),
    ],
)
def test_bars_and_players_beside_others_are_led_to_them(tmp_path: Path, edit: Edit, expected: Touch) -> None:
    file = tmp_path / "genres.toml"
    file.write_text(CATALOGUE, encoding="utf-8")
    catalogue = load_catalogue(file)
    assert catalogue.led(replace(METAL, edit=edit), SamplingParams(1)).touch == expected
    assert USUAL.filling().four > USUAL.four
    assert USUAL.filling().later > USUAL.later
    drummed = replace(USUAL, kit=1.0, smooth=0.5).filling()
    assert (drummed.kit, drummed.smooth) == (0.0, 0.0)
    assert USUAL.joining().page > USUAL.accompanying().page > USUAL.page
    assert USUAL.filling().joining().kick == USUAL.kick


@pytest.mark.parametrize("touch", [None, PLAIN, Touch(unison=0.7)])
def test_a_recipe_keeps_the_touch_of_its_song(touch: Touch | None) -> None:
    recipe = Recipe("abc", METAL, SamplingParams(3, touch=touch))
    assert Recipe.from_json(recipe.to_json()) == recipe
