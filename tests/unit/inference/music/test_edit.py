"""An edit says what is wrong with it."""

from typing import Any

import pytest

from inference.music.edit import Edit, Operation, read_names, read_span, span
from inference.music.errors import InvalidSpec
from inference.music.pitch import Key
from inference.music.recipe import Recipe
from inference.music.spec import METERS, SamplingParams, SongSpec


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"operation": Operation.EXTEND, "add": 0}, "1 to 64 bars"),
        ({"operation": Operation.VARY, "add": 8}, "adds no bars"),
        ({"operation": Operation.REPLACE}, "say what to replace"),
        ({"operation": Operation.REPLACE, "bars": (9, 8)}, "from the first to the last"),
        ({"operation": Operation.REMIX, "bars": (1, 8)}, "no range of bars"),
        ({"operation": Operation.REMIX, "players": ("lead",)}, "names no players"),
        ({"operation": Operation.VARY, "keep": ("lead",)}, "no players to keep"),
        ({"operation": Operation.VARY, "strength": 1.5}, "at most 1"),
        ({"operation": Operation.EXTEND, "strength": 0.5}, "no strength"),
        ({"operation": Operation.REPLACE, "players": ("lead",) * 13}, "12 players"),
    ],
)
def test_an_edit_without_sense_is_refused_with_a_sentence(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        Edit(source="", **wishes)


@pytest.mark.parametrize("text", ["", "a-b", "9-", "-9", "9-16-20", "1e3", "99999"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpec, match="range of bars"):
        read_span(text)


def test_ranges_and_names_are_read() -> None:
    assert read_span(" 9 - 16 ") == (9, 16)
    assert read_span("7") == (7, 7)
    assert span((7, 7)) == "7"
    assert read_names("Drums, bass+lead:2 drums") == ("drums", "bass", "lead:2")


def test_an_edit_is_part_of_the_recipe() -> None:
    edit = Edit(Operation.VARY, "lnh1,abc", bars=(3, 9), players=("lead",), strength=0.25)
    spec = SongSpec((("metal", 1.0),), bars=90, key=Key.parse("Em"), strict_key=True, edit=edit)
    recipe = Recipe("abc", spec, SamplingParams(7), ("key",))
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_an_edit_may_leave_the_genre_to_its_song_and_a_new_song_may_not() -> None:
    assert SongSpec((), edit=Edit(Operation.EXTEND, "")).main_genre == ""
    with pytest.raises(InvalidSpec, match="needs a genre"):
        SongSpec(())


@pytest.mark.parametrize("meter", METERS, ids=str)
def test_every_known_meter_may_be_asked_for(meter: object) -> None:
    assert SongSpec((("metal", 1.0),), meter=meter).meter == meter  # type: ignore[arg-type]
