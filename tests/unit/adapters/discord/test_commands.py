"""The commands as Discord gets them."""

from typing import Any

import discord
import pytest
from discord import app_commands

from adapters.discord.admin import DailyCommands, GenresCommands, zone_choices
from adapters.discord.commands import compose_command, genre_choices
from adapters.discord.sync import same_commands, shape
from bot.domain.options import OPTIONS
from bot.settings import GENRES_FILE
from inference.music.genre import GenreCatalogue, load_catalogue

OPTION_TYPES = {str: 3, int: 4, bool: 5, float: 10}


@pytest.fixture
def tree() -> app_commands.CommandTree[Any]:
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    for command in (compose_command(), DailyCommands(), GenresCommands()):
        tree.add_command(command)
    return tree


@pytest.fixture(scope="module")
def catalogue() -> GenreCatalogue:
    return load_catalogue(GENRES_FILE)


def payload(tree: app_commands.CommandTree[Any], name: str) -> dict[str, Any]:
    command = tree.get_command(name)
    assert command is not None
    return command.to_dict(tree)


def test_the_option_table_is_what_discord_offers(tree: app_commands.CommandTree[Any]) -> None:
    offered = {option["name"]: option for option in payload(tree, "compose")["options"]}

    assert list(offered) == [option.name for option in OPTIONS]
    for option in OPTIONS:
        typed = offered[option.name]
        assert typed["type"] == OPTION_TYPES[option.kind]
        assert typed["description"] == option.help
        assert typed["required"] is option.required
        assert (typed.get("min_value"), typed.get("max_value")) == (option.minimum, option.maximum)
        assert tuple(choice["value"] for choice in typed.get("choices", ())) == option.choices


def test_genres_are_completed_while_typing(tree: app_commands.CommandTree[Any]) -> None:
    offered = {option["name"]: option for option in payload(tree, "compose")["options"]}
    assert [name for name, option in offered.items() if option.get("autocomplete")] == ["genre"]


def test_the_second_genre_of_a_blend_is_completed_too(catalogue: GenreCatalogue) -> None:
    (choice,) = genre_choices(catalogue.genres, "metal+jaz")
    assert (choice.name, choice.value) == ("metal + Jazz", "metal+jazz")
    assert genre_choices(catalogue.genres, "m" * 99 + "+jazz") == []


def test_compose_works_in_direct_messages_and_admin_commands_do_not(tree: app_commands.CommandTree[Any]) -> None:
    contexts = {name: payload(tree, name)["contexts"] for name in ("compose", "daily", "genres")}
    assert contexts == {"compose": [0, 1], "daily": [0], "genres": [0]}


def test_admin_commands_are_shown_to_managers_only(tree: app_commands.CommandTree[Any]) -> None:
    manage = discord.Permissions(manage_guild=True).value
    shown_to = {name: payload(tree, name)["default_member_permissions"] for name in ("compose", "daily", "genres")}
    assert shown_to == {"compose": None, "daily": manage, "genres": manage}


def test_discords_own_additions_are_no_change(tree: app_commands.CommandTree[Any]) -> None:
    ours = [command.to_dict(tree) for command in tree.get_commands()]
    theirs = [
        {
            **command,
            "id": "1",
            "application_id": "2",
            "version": "3",
            "name_localizations": None,
            "nsfw": False,
            "default_member_permissions": None
            if command["default_member_permissions"] is None
            else str(command["default_member_permissions"]),
        }
        for command in reversed(ours)
    ]
    assert same_commands(ours, theirs)


@pytest.mark.parametrize(
    "change",
    [{"description": "else"}, {"options": []}, {"contexts": [0]}, {"default_member_permissions": "8"}],
)
def test_a_visible_change_is_one(tree: app_commands.CommandTree[Any], change: dict[str, Any]) -> None:
    ours = [command.to_dict(tree) for command in tree.get_commands()]
    assert not same_commands(ours, [{**ours[0], **change}, *ours[1:]])
    assert not same_commands(ours, ours[1:])


def test_an_options_range_is_part_of_its_shape() -> None:
    option = {"name": "bars", "type": 4, "min_value": 4, "max_value": 64, "required": False}
    assert shape(option) == {"name": "bars", "type": 4, "min_value": 4, "max_value": 64}


def test_genre_choices_put_those_that_begin_with_it_first(catalogue: GenreCatalogue) -> None:
    values = [choice.value for choice in genre_choices(catalogue.genres, "ro")]
    assert values[0] == "rock"
    assert "hard-rock" in values


def test_genre_choices_know_aliases_and_forgive_nothing_typed(catalogue: GenreCatalogue) -> None:
    assert [choice.value for choice in genre_choices(catalogue.genres, "thrash")] == ["metal"]
    assert 1 <= len(genre_choices(catalogue.genres, "")) <= 25
    assert genre_choices(catalogue.genres, "polka-step") == []


def test_zone_choices_find_cities_and_never_exceed_25() -> None:
    assert zone_choices("berl")[0].value == "Europe/Berlin"
    assert zone_choices("new york")[0].value == "America/New_York"
    assert len(zone_choices("")) == 25
