"""`/daily` and `/genres`, by the real library in simcord's Discord."""

import discord
import pytest
import simcord

from bot.domain.request import Place
from bot.messages import say
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import Scene, buttons, files, response


async def told(scene: Scene, command: str, **options: object) -> str:
    """What the manager, and nobody else, reads after a command."""
    result = await scene.boss.slash(scene.channel, command, **options)
    assert result.ephemeral
    return answered(result)


def answered(result: simcord.InteractionResult) -> str:
    return result.followups[0].content if result.followups else response(result).content


async def test_daily_set_stores_the_song_of_the_day_and_says_when_it_comes(scene: Scene, rehearsal: Rehearsal) -> None:
    answer = await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")

    (schedule,) = rehearsal.schedules.by_id.values()
    assert "18:30 (Europe/Berlin)" in answer
    assert f"<t:{schedule.next_run_utc.timestamp():.0f}:R>" in answer
    assert schedule.place == Place("discord", str(scene.guild.id), str(scene.channel.id))
    assert schedule.genres == ("metal",)
    assert schedule.set_by.id == str(scene.boss.id)


async def test_daily_set_takes_days_of_the_week_and_says_them_in_words(scene: Scene, rehearsal: Rehearsal) -> None:
    answer = await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", days="mon, wed and fridays")

    (schedule,) = rehearsal.schedules.by_id.values()
    assert schedule.days == {0, 2, 4}
    # The rehearsal's clock stands on Wednesday, the first of July 2026, at noon.
    assert answer.startswith("A song on Mondays, Wednesdays and Fridays at 18:30 (Europe/Berlin), any genre; ")
    assert "the next one on Wed 1 Jul at 18:30 (<t:" in answer


async def test_days_are_completed_while_typing(scene: Scene) -> None:
    offered = await scene.boss.autocomplete(scene.channel, "daily set", "days", "tue-thu")
    assert (offered[0]["name"], offered[0]["value"]) == ("on Tuesdays, Wednesdays and Thursdays", "tue-thu")
    offered = await scene.boss.autocomplete(scene.channel, "daily set", "days", "moo")
    assert [choice["name"] for choice in offered][:2] == ["every day", "on weekdays"]


async def test_several_genres_take_turns(scene: Scene, rehearsal: Rehearsal) -> None:
    await told(scene, "daily set", time="18:30", timezone="Berlin", genre="heavy metal, jazz")

    (schedule,) = rehearsal.schedules.by_id.values()
    assert (schedule.zone, schedule.genres) == ("Europe/Berlin", ("metal", "jazz"))


async def test_commands_of_an_older_version_are_explained(scene: Scene) -> None:
    await told(scene, "genres list")
    scene.client.tree.remove_command("genres")  # Discord's own programs still show it

    result = await scene.boss.slash(scene.channel, "genres list")
    scene.env.errors  # noqa: B018 - what the library saw is expected

    assert result.ephemeral
    assert response(result).content == say("commands_changed", "en")


async def test_the_daily_song_is_posted_when_it_is_due(scene: Scene, rehearsal: Rehearsal) -> None:
    await told(scene, "daily set", time="18:30", timezone="Europe/Berlin")

    await rehearsal.ring()
    await scene.env.settle()

    (message,) = scene.posted()
    assert files(message) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]


async def test_daily_show_lists_every_channel_and_stop_ends_this_one(scene: Scene) -> None:
    none, removed = say("daily_none", "en"), say("daily_removed", "en")
    assert await told(scene, "daily show") == none
    await told(scene, "daily set", time="6pm", timezone="Europe/Berlin")
    shown = await told(scene, "daily show")
    assert shown.startswith(scene.channel.mention)
    assert "18:00 (Europe/Berlin)" in shown
    assert await told(scene, "daily stop") == removed
    assert await told(scene, "daily stop") == none


async def test_daily_preview_plays_the_next_song_to_whoever_asked_alone(scene: Scene, rehearsal: Rehearsal) -> None:
    await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")

    result = await scene.boss.slash(scene.channel, "daily preview")
    await scene.env.settle()

    answer = response(result)
    assert result.ephemeral
    assert answer.content.startswith("The song that comes on Wed 1 Jul at 18:30. Only you hear it now;")
    assert files(answer) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    assert list(buttons(answer)) == ["Another one instead"]
    assert scene.posted() == []
    await rehearsal.ring()
    await scene.env.settle()
    assert len({asked.id for asked in rehearsal.composer.asked}) == len(scene.posted()) == 1


async def test_another_song_instead_of_the_next_one_is_heard_by_whoever_asked_alone_and_posted(
    scene: Scene, rehearsal: Rehearsal
) -> None:
    await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")
    heard = await scene.boss.slash(scene.channel, "daily preview")
    await scene.env.settle()

    for answer in (
        await scene.boss.click(response(heard), label="Another one instead"),
        await scene.boss.click(response(heard), label="Another one instead"),  # pressed once more it means the same
        await scene.boss.slash(scene.channel, "daily another"),
    ):
        await scene.env.settle()
        assert answer.ephemeral
        assert files(response(answer)) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
        assert list(buttons(response(answer))) == ["Another one instead"]

    assert scene.posted() == []
    seeds = [asked.sampling.seed for asked in rehearsal.composer.asked]
    assert (len(set(seeds)), seeds[1]) == (3, seeds[2])
    await rehearsal.ring()
    await scene.env.settle()
    assert len(scene.posted()) == 1
    assert rehearsal.composer.asked[-1].sampling.seed == seeds[3]


async def test_a_song_that_has_come_is_not_replaced_any_more(scene: Scene, rehearsal: Rehearsal) -> None:
    await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")
    heard = await scene.boss.slash(scene.channel, "daily preview")
    await scene.env.settle()
    await rehearsal.ring()
    await scene.env.settle()

    late = await scene.boss.click(response(heard), label="Another one instead")

    assert late.ephemeral
    assert answered(late) == say("daily_over", "en")


async def test_who_does_not_manage_the_server_any_more_has_no_other_song_come(
    scene: Scene, rehearsal: Rehearsal
) -> None:
    await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")
    heard = await scene.boss.slash(scene.channel, "daily preview")
    await scene.env.settle()

    guild = await scene.client.fetch_guild(scene.guild.id)
    member = await guild.fetch_member(scene.boss.id)
    await member.remove_roles(discord.Object(scene.guild.roles["Managers"].id))

    refused = await scene.boss.click(response(heard), label="Another one instead")

    assert refused.ephemeral
    assert answered(refused) == say("not_allowed", "en")
    (schedule,) = rehearsal.schedules.by_id.values()
    assert schedule.redrawn == 0


async def test_daily_skip_leaves_out_the_next_song(scene: Scene, rehearsal: Rehearsal) -> None:
    await told(scene, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")

    answer = await told(scene, "daily skip")

    assert answer.startswith("There will be no song on Wed 1 Jul at 18:30. A song every day at 18:30")
    assert "the next one on Thu 2 Jul at 18:30" in answer


@pytest.mark.parametrize("command", ["daily preview", "daily another", "daily skip"])
async def test_without_a_daily_song_there_is_nothing_to_preview_replace_or_skip(scene: Scene, command: str) -> None:
    assert await told(scene, command) == say("daily_none", "en")
    assert len(scene.env.errors) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"time": "25:00", "timezone": "Europe/Berlin"}, "is not a time of day"),
        ({"time": "18:30", "timezone": "Berlin Mitte"}, "is not a time zone I know"),
        ({"time": "18:30", "timezone": "Europe/Berlin", "genre": "metel"}, "I do not play"),
        ({"time": "18:30", "timezone": "Europe/Berlin", "days": "moonday"}, "is no day of the week"),
    ],
)
async def test_bad_daily_options_are_explained(scene: Scene, options: dict[str, str], sentence: str) -> None:
    assert sentence in await told(scene, "daily set", **options)
    assert len(scene.env.errors) == 1


async def test_daily_set_names_the_permissions_the_bot_will_lack(scene: Scene, rehearsal: Rehearsal) -> None:
    mute = scene.guild.create_text_channel(
        "mute", overwrites={scene.bot_role: discord.PermissionOverwrite(send_messages=False)}
    )

    result = await scene.boss.slash(mute, "daily set", time="18:30", timezone="Europe/Berlin")

    assert response(result).content == say("cannot_post", "en", permissions="Send Messages")
    assert rehearsal.schedules.by_id == {}
    assert len(scene.env.errors) == 1


async def test_time_zones_are_completed_while_typing(scene: Scene) -> None:
    offered = await scene.boss.autocomplete(scene.channel, "daily set", "timezone", "berl")
    assert offered[0]["value"] == "Europe/Berlin"


async def test_genres_are_listed_switched_off_and_on_again(scene: Scene) -> None:
    assert "✅ Punk (`punk`)" in await told(scene, "genres list")
    assert await told(scene, "genres disable", genre="punk rock") == say("genre_off", "en", genre="Punk")
    assert "⬜ Punk (`punk`)" in await told(scene, "genres list")

    offered = await scene.boss.autocomplete(scene.channel, "genres enable", "genre", "")
    assert [choice["value"] for choice in offered] == ["punk"]
    assert await told(scene, "genres enable", genre="punk") == say("genre_on", "en", genre="Punk")


async def test_the_last_genre_stays_on(scene: Scene, rehearsal: Rehearsal) -> None:
    names = [genre.name for genre in scene.client.band.catalogue.genres if genre.name != "metal"]
    rehearsal.genres.off.update(("discord", str(scene.guild.id), name) for name in names)

    assert await told(scene, "genres disable", genre="metal") == say("no_genre_left", "en", genre="metal")
    assert len(scene.env.errors) == 1


async def test_members_do_not_see_admin_commands(scene: Scene) -> None:
    available = scene.alice.available_commands(scene.channel)
    assert {name.partition(" ")[0] for name in available} == {"compose", "privacy"}
    with pytest.raises(simcord.SetupError):
        await scene.alice.slash(scene.channel, "genres disable", genre="metal")


@pytest.mark.parametrize("command", ["daily stop", "genres list"])
async def test_an_admin_command_shown_to_others_refuses_them_all_the_same(scene: Scene, command: str) -> None:
    registered = scene.env.backend.find_command(command.partition(" ")[0], None)
    assert registered is not None
    scene.guild.set_command_permissions(int(registered["id"]), {scene.alice: True})

    result = await scene.alice.slash(scene.channel, command)

    assert result.ephemeral
    assert response(result).content == say("not_allowed", "en")
    assert len(scene.env.errors) == 1


async def test_an_unexpected_error_is_said_in_general_and_logged(scene: Scene, rehearsal: Rehearsal) -> None:
    rehearsal.schedules.by_id = None  # type: ignore[assignment]  # a defect nobody foresaw

    sentence = await told(scene, "daily show")

    assert sentence.startswith(say("failed", "en", id="0").partition("0")[0])
    assert len(scene.env.errors) == 1
