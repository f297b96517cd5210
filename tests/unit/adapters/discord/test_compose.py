"""`/compose` and its buttons, by the real library in simcord's Discord."""

import base64
from typing import Any

import discord
import pytest
import simcord

from adapters.discord.adapter import make_client
from bot.domain.errors import Busy
from bot.messages import say
from inference.music.edit import Operation
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import Scene, buttons, files, response


async def test_compose_posts_one_message_with_card_sound_notes_and_another(scene: Scene) -> None:
    result = await scene.alice.slash(scene.channel, "compose", genre="metal", tempo=140.0, key="Em", seed=7)

    message = response(result)
    assert message.content.startswith("Iron Harvest · metal · 140 bpm · Em")
    assert files(message) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    assert message.embeds[0].image.url == "attachment://iron-harvest.png"
    assert list(buttons(message)) == ["Another", "Vary", "Extend", "Remix with…"]
    assert len(scene.channel.history()) == 1


async def test_the_first_request_of_all_is_the_acknowledgement(scene: Scene) -> None:
    before = len(scene.env.http_requests)
    result = await scene.alice.slash(scene.channel, "compose", genre="metal")

    first = scene.env.http_requests[before]
    assert first.path.endswith("/callback")
    assert first.json["type"] == 5
    assert result.acknowledged


async def test_typed_options_reach_the_composer(scene: Scene, rehearsal: Rehearsal) -> None:
    await scene.alice.slash(scene.channel, "compose", genre="thrash", bars=16, density=8, seed=7, band="drums,bass")

    (request,) = rehearsal.composer.asked
    assert request.spec.genres == (("metal", 1.0),)
    assert (request.spec.bars, request.spec.density, request.sampling.seed) == (16, 8, 7)
    assert len(request.spec.roster or ()) == 2
    assert request.place.channel == str(scene.channel.id)
    assert request.requester.id == str(scene.alice.id)


async def test_meter_and_strict_key_reach_the_composer(scene: Scene, rehearsal: Rehearsal) -> None:
    await scene.alice.slash(scene.channel, "compose", genre="metal", meter="3/4", strict_key=True)

    (request,) = rehearsal.composer.asked
    assert (str(request.spec.meter), request.spec.strict_key) == ("3/4", True)


async def test_nobody_is_ever_mentioned(scene: Scene) -> None:
    await scene.alice.slash(scene.channel, "compose", genre="@everyone")
    await scene.alice.slash(scene.channel, "compose", genre="metal")
    scene.env.errors  # noqa: B018 - the refusal of the first is what the library saw, and is expected

    assert scene.bodies()
    assert all(body["allowed_mentions"]["parse"] == [] for body in scene.bodies())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"genre": "metel"}, "did you mean metal"),
        ({"genre": "metal", "key": "H#"}, "is not a key"),
        ({"genre": "metal", "band": "drums,kazoo"}, "no player I know"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_told_to_its_owner_only(
    scene: Scene, rehearsal: Rehearsal, options: dict[str, Any], told: str
) -> None:
    result = await scene.alice.slash(scene.channel, "compose", **options)

    assert result.ephemeral
    assert told in response(result).content
    assert rehearsal.composer.asked == []
    assert len(scene.env.errors) == 1


async def test_a_genre_switched_off_is_refused_with_those_that_are_on(scene: Scene, rehearsal: Rehearsal) -> None:
    rehearsal.genres.off.add(("discord", str(scene.guild.id), "punk"))

    result = await scene.alice.slash(scene.channel, "compose", genre="punk")

    (told,) = result.followups
    assert told.ephemeral
    assert told.content.startswith(say("genre_disabled", "en", genre="punk", enabled="metal")[:-1])
    assert result.response is None
    assert scene.channel.history() == []


async def test_a_full_queue_says_when_to_come_back(scene: Scene, rehearsal: Rehearsal) -> None:
    rehearsal.composer.failures.append(Busy(retry_after_s=30))

    result = await scene.alice.slash(scene.channel, "compose", genre="metal")

    assert "30 s" in result.followups[0].content
    assert result.followups[0].ephemeral


async def test_autocomplete_offers_the_genres_that_are_on(scene: Scene, rehearsal: Rehearsal) -> None:
    rehearsal.genres.off.add(("discord", str(scene.guild.id), "metal"))

    offered = await scene.alice.autocomplete(scene.channel, "compose", "genre", "metal")
    everything = await scene.alice.autocomplete(scene.channel, "compose", "genre", "")

    assert [choice["value"] for choice in offered] == ["nu-metal", "prog"]
    assert 1 <= len(everything) <= 25


async def test_another_composes_the_same_wishes_with_another_seed(scene: Scene, rehearsal: Rehearsal) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="metal", tempo=140.0, seed=7)

    second = await scene.boss.click(response(first), label="Another")

    wished, again = rehearsal.composer.asked
    assert again.spec == wished.spec
    assert again.sampling.seed != wished.sampling.seed
    assert again.requester.id == str(scene.boss.id)
    assert files(response(second)) == files(response(first))
    assert response(second).id != response(first).id


async def test_another_still_works_after_a_restart(scene: Scene, rehearsal: Rehearsal) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="jazz")
    await scene.env.restart_bot(make_client(rehearsal.band(), shard_count=1))

    second = await scene.alice.click(response(first), label="Another")

    assert files(response(second)) == files(response(first))
    assert [request.spec.main_genre for request in rehearsal.composer.asked] == ["jazz", "jazz"]


@pytest.mark.parametrize(("label", "operation"), [("Vary", Operation.VARY), ("Extend", Operation.EXTEND)])
async def test_a_song_is_changed_by_its_buttons_even_after_a_restart(
    scene: Scene, rehearsal: Rehearsal, label: str, operation: Operation
) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="jazz")
    await scene.env.restart_bot(make_client(rehearsal.band(), shard_count=1))

    second = await scene.boss.click(response(first), label=label)

    edit = rehearsal.composer.asked[1].spec.edit
    assert edit is not None
    assert (edit.operation, base64.b64decode(edit.source)) == (operation, b"MThd")
    assert rehearsal.composer.asked[1].spec.main_genre == "jazz"
    assert files(response(second)) == files(response(first))


async def test_a_player_is_replaced_from_the_menu_even_after_a_restart(scene: Scene, rehearsal: Rehearsal) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="metal")
    await scene.env.restart_bot(make_client(rehearsal.band(), shard_count=1))

    menu = f"lnh:replace:{rehearsal.composer.asked[0].id}"
    await scene.alice.select(response(first), ["rhythm"], custom_id=menu)

    edit = rehearsal.composer.asked[1].spec.edit
    assert edit is not None
    assert (edit.operation, edit.players) == (Operation.REPLACE, ("rhythm",))


async def test_another_of_a_varied_song_is_another_variation(scene: Scene, rehearsal: Rehearsal) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="metal")
    second = await scene.alice.click(response(first), label="Vary")
    await scene.alice.click(response(second), label="Another")
    wished, again = rehearsal.composer.asked[1:]
    assert again.spec == wished.spec
    assert again.sampling.seed != wished.sampling.seed


async def test_a_song_whose_notes_are_gone_is_not_found(scene: Scene, rehearsal: Rehearsal) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="metal")
    rehearsal.songs.done.clear()
    second = await scene.alice.click(response(first), label="Vary")
    assert second.followups[0].content == say("not_found", "en", what="song")


async def test_another_of_a_forgotten_song_says_so(scene: Scene, rehearsal: Rehearsal) -> None:
    first = await scene.alice.slash(scene.channel, "compose", genre="metal")
    rehearsal.songs.requests.clear()

    second = await scene.alice.click(response(first), label="Another")

    assert second.followups[0].content == say("not_found", "en", what="song")
    assert second.followups[0].ephemeral


async def test_commands_are_registered_once(scene: Scene, rehearsal: Rehearsal) -> None:
    def registrations() -> int:
        return sum(entry.method == "PUT" for entry in scene.env.http_requests)

    assert registrations() == 1
    await scene.env.restart_bot(make_client(rehearsal.band(), shard_count=1))
    assert registrations() == 1

    changed = make_client(rehearsal.band(), shard_count=1)
    changed.tree.remove_command("daily")
    await scene.env.restart_bot(changed)
    assert registrations() == 2
    with pytest.raises(simcord.SetupError):
        await scene.boss.slash(scene.channel, "daily show")


async def test_missing_permissions_of_the_bot_are_named(scene: Scene, rehearsal: Rehearsal) -> None:
    deaf = scene.guild.create_text_channel(
        "deaf", overwrites={scene.bot_role: discord.PermissionOverwrite(attach_files=False, embed_links=False)}
    )

    result = await scene.alice.slash(deaf, "compose", genre="metal")

    assert result.ephemeral
    assert response(result).content == say("cannot_post", "en", permissions="Embed Links, Attach Files")
    assert rehearsal.composer.asked == []
    assert len(scene.env.errors) == 1


async def test_compose_works_in_direct_messages(scene: Scene) -> None:
    result = await scene.alice.user.slash("compose", genre="metal")

    assert files(response(result))[-1] == "iron-harvest.mid"
