"""A finished song arrives: late, large, without its interaction, by mention, by the clock."""

from dataclasses import replace
from datetime import timedelta

import discord
import pytest
import stamina

from adapters.discord import conversations, reply
from adapters.discord.adapter import DiscordAdapter, make_client
from adapters.discord.channels import short_nonce
from adapters.discord.translate import id_of
from bot.domain.errors import Busy, DeliveryFailed, PlaceGone
from bot.domain.request import Place, Requester, SongRequest
from bot.domain.song import Song
from bot.messages import say
from bot.settings import DiscordSettings
from inference.music.spec import SamplingParams, SongSpec
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import Scene, buttons, files, response
from tests.fakes.songs import song_for

MIB = 1024 * 1024


def place_of(scene: Scene) -> Place:
    return Place("discord", str(scene.guild.id), str(scene.channel.id))


def request_in(scene: Scene) -> SongRequest:
    spec, alice = SongSpec((("metal", 1.0),)), Requester(str(scene.alice.id), "alice")
    return SongRequest(id_of(1), spec, SamplingParams(7), place_of(scene), alice)


def song_in(scene: Scene) -> Song:
    return song_for(request_in(scene))


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027), (404, 10008)])
async def test_a_song_whose_interaction_is_gone_is_posted_plainly(scene: Scene, status: int, code: int) -> None:
    scene.env.inject_error("PATCH", "/webhooks/*", status=status, code=code, times=None)

    await scene.alice.slash(scene.channel, "compose", genre="metal")

    (message,) = [message for message in scene.posted() if message.attachments]
    assert files(message) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    assert message.content.startswith("Iron Harvest")


async def test_a_song_that_took_longer_than_an_interaction_lasts_is_posted_plainly(
    scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(minutes=13) < conversations.ANSWERABLE < timedelta(minutes=15)
    monkeypatch.setattr(conversations, "ANSWERABLE", timedelta(seconds=100))
    monkeypatch.setattr(reply, "EDIT_EVERY_S", 60)
    rehearsal.composer.seconds = 50  # in each of three stages

    result = await scene.alice.slash(scene.channel, "compose", genre="metal")
    assert list(buttons(response(result))) == ["Cancel"]
    await scene.env.advance_time(151)

    assert [files(message) for message in scene.posted() if message.attachments] == [
        ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    ]


async def test_a_song_waits_for_a_discord_that_is_down(scene: Scene) -> None:
    scene.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, times=None)
    scene.env.inject_error("POST", "/channels/*/messages", status=503, times=2)
    with stamina.set_testing(True, attempts=3):
        await scene.alice.slash(scene.channel, "compose", genre="metal")

    (message,) = [message for message in scene.posted() if message.attachments]
    assert message.content.startswith("Iron Harvest")


async def test_a_file_beyond_the_limit_is_not_even_tried(scene: Scene, rehearsal: Rehearsal) -> None:
    rehearsal.composer.mp3_bytes = 26 * MIB

    result = await scene.alice.slash(scene.channel, "compose", genre="metal")

    assert files(response(result)) == ["iron-harvest.png", "iron-harvest.mid"]


async def test_a_mention_composes(scene: Scene, rehearsal: Rehearsal) -> None:
    await scene.alice.send(scene.channel, f"{scene.mention} heavy metal 140bpm Em")

    (request,) = rehearsal.composer.asked
    assert (request.spec.main_genre, request.spec.tempo) == ("metal", 140.0)
    (message,) = scene.posted()
    assert files(message) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    assert message.reference is not None


async def test_a_mention_that_means_nothing_is_explained(scene: Scene, rehearsal: Rehearsal) -> None:
    await scene.alice.send(scene.channel, f"{scene.mention} metel")

    (message,) = scene.posted()
    assert "did you mean metal" in message.content
    assert rehearsal.composer.asked == []


async def test_a_mention_where_the_bot_cannot_attach_files_is_answered_in_words(scene: Scene) -> None:
    deaf = scene.guild.create_text_channel(
        "deaf", overwrites={scene.bot_role: discord.PermissionOverwrite(attach_files=False)}
    )
    await scene.alice.send(deaf, f"{scene.mention} metal")

    assert deaf.last_message is not None
    assert deaf.last_message.content == say("cannot_post", "en", permissions="Attach Files")


async def test_only_a_written_mention_by_a_person_is_a_wish(scene: Scene, rehearsal: Rehearsal) -> None:
    robot = scene.guild.add_member(scene.env.create_user("robot", bot=True))
    await scene.alice.send(scene.channel, f"{scene.mention} metal")
    song = scene.posted()[0]

    await scene.alice.send(scene.channel, "what a song!", reply_to=song)
    await robot.send(scene.channel, f"{scene.mention} metal")
    await scene.alice.send(scene.channel, "metal")

    assert len(rehearsal.composer.asked) == 1


async def test_whoever_writes_to_the_bot_alone_need_not_mention_it(scene: Scene, rehearsal: Rehearsal) -> None:
    await scene.alice.send_dm("metal 140bpm")

    (request,) = rehearsal.composer.asked
    assert (request.spec.main_genre, request.place.workspace) == ("metal", "direct")
    assert files(scene.alice.user.dm_channel.last_message) == [
        "iron-harvest.png",
        "iron-harvest.mp3",
        "iron-harvest.mid",
    ]


@pytest.mark.parametrize("words", ["", " help", " Help"])
async def test_a_mention_without_a_wish_is_answered_with_help(scene: Scene, rehearsal: Rehearsal, words: str) -> None:
    await scene.alice.send(scene.channel, f"{scene.mention}{words}")

    (message,) = scene.posted()
    assert message.content == say("discord_help", "en").strip()
    assert rehearsal.composer.asked == []


async def test_the_messenger_posts_with_a_nonce_that_discord_enforces(scene: Scene) -> None:
    await scene.client.channels.post_song(place_of(scene), song_in(scene), "Good evening!", "daily-1")

    (message,) = scene.posted()
    assert message.content.startswith("Good evening!\nIron Harvest")
    body = scene.bodies()[-1]
    assert (body["nonce"], body["enforce_nonce"]) == ("daily-1", True)


def test_a_long_nonce_becomes_a_digest_within_discords_25_characters() -> None:
    assert len(short_nonce("schedule-" * 10)) == 25
    assert short_nonce("schedule-" * 10) != short_nonce("schedule-" * 11)


async def test_a_deleted_channel_is_gone_for_good(scene: Scene) -> None:
    place = replace(place_of(scene), channel="1")
    with pytest.raises(PlaceGone):
        await scene.client.channels.post_song(place, song_in(scene), None, "n")


async def test_a_lost_permission_is_gone_for_good(scene: Scene) -> None:
    mute = scene.guild.create_text_channel(
        "mute", overwrites={scene.bot_role: discord.PermissionOverwrite(send_messages=False)}
    )
    with pytest.raises(PlaceGone):
        await scene.client.channels.post_song(replace(place_of(scene), channel=str(mute.id)), song_in(scene), None, "n")


async def test_trouble_that_may_pass_is_no_reason_to_give_up(scene: Scene) -> None:
    scene.env.inject_error("POST", "/channels/*/messages", status=503)
    with pytest.raises(DeliveryFailed) as failure:
        await scene.client.channels.post_song(place_of(scene), song_in(scene), None, "n")
    assert not isinstance(failure.value, PlaceGone)


async def test_posting_without_a_connection_is_trouble_that_may_pass(scene: Scene, rehearsal: Rehearsal) -> None:
    offline = make_client(rehearsal.band())
    boss = Requester(str(scene.boss.id), "boss")

    with pytest.raises(DeliveryFailed, match="not connected"):
        await offline.channels.post_song(place_of(scene), song_in(scene), None, "n")
    await offline.channels.tell(boss, place_of(scene), "Your daily song rests.")


async def test_an_admin_is_told_directly(scene: Scene) -> None:
    boss = Requester(str(scene.boss.id), "boss")
    await scene.client.channels.tell(boss, place_of(scene), "Your daily song rests.")

    assert scene.boss.user.dm_channel.last_message.content == "Your daily song rests."
    assert scene.posted() == []


async def test_an_admin_who_takes_no_messages_is_told_in_the_channel(scene: Scene) -> None:
    scene.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    boss = Requester(str(scene.boss.id), "boss")
    await scene.client.channels.tell(boss, place_of(scene), "Your daily song rests.")

    assert [message.content for message in scene.posted()] == ["Your daily song rests."]


async def test_an_admin_nobody_can_reach_raises_nothing(scene: Scene) -> None:
    scene.env.inject_error("POST", "*", status=403, times=None)
    await scene.client.channels.tell(Requester("1", "boss"), place_of(scene), "Your daily song rests.")


async def test_a_song_left_by_a_crash_is_posted_plainly_with_its_button(scene: Scene, rehearsal: Rehearsal) -> None:
    adapter = DiscordAdapter(DiscordSettings(), rehearsal.band())
    adapter.client = scene.client
    request = request_in(scene)
    await rehearsal.songs.accept(request)

    await scene.client.band.compose.recompose_pending(adapter.reply_for)

    (message,) = scene.posted()
    assert files(message) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    assert scene.bodies()[-1]["components"][0]["components"][0]["custom_id"] == f"lnh:another:{request.id}"
    assert await rehearsal.songs.pending() == []


async def test_after_a_crash_the_progress_becomes_the_song_and_never_twice(scene: Scene, rehearsal: Rehearsal) -> None:
    adapter = DiscordAdapter(DiscordSettings(), rehearsal.band())
    adapter.client = scene.client
    request = request_in(scene)
    progress = await scene.client.get_partial_messageable(int(request.place.channel)).send("Writing bar 3 of 32")
    await rehearsal.answers.note(request.id, str(progress.id))

    for _ in range(2):  # the second time it crashed after posting and before writing that down
        await rehearsal.songs.accept(request)
        await scene.client.band.compose.recompose_pending(adapter.reply_for)
        rehearsal.songs.done.clear()

    (message,) = scene.posted()
    assert message.id == progress.id
    assert files(message) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    assert message.content.startswith("Iron Harvest")


async def test_after_a_crash_a_progress_message_that_is_gone_costs_nothing(scene: Scene, rehearsal: Rehearsal) -> None:
    adapter = DiscordAdapter(DiscordSettings(), rehearsal.band())
    adapter.client = scene.client
    request = request_in(scene)
    await rehearsal.songs.accept(request)
    await rehearsal.answers.note(request.id, "404")

    await scene.client.band.compose.recompose_pending(adapter.reply_for)

    (message,) = scene.posted()
    assert len(files(message)) == 3


async def test_after_a_crash_a_failure_is_told_where_the_progress_was(scene: Scene, rehearsal: Rehearsal) -> None:
    request = request_in(scene)
    progress = await scene.client.get_partial_messageable(int(request.place.channel)).send("Writing bar 3 of 32")
    await rehearsal.answers.note(request.id, str(progress.id))
    adapter = DiscordAdapter(DiscordSettings(), rehearsal.band())
    adapter.client = scene.client
    reply = adapter.reply_for(request)
    assert reply is not None

    await reply.error(Busy(retry_after_s=9))

    (message,) = scene.posted()
    assert "9 s" in message.content


async def test_other_platforms_requests_are_not_ours(scene: Scene, rehearsal: Rehearsal) -> None:
    adapter = DiscordAdapter(DiscordSettings(), rehearsal.band())
    elsewhere = replace(request_in(scene), place=Place("slack", "T1", "C1"))
    assert adapter.reply_for(elsewhere) is None


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060)])
async def test_a_click_that_cannot_be_answered_any_more_is_left_alone(
    scene: Scene, rehearsal: Rehearsal, status: int, code: int
) -> None:
    scene.env.inject_error("POST", "/interactions/*", status=status, code=code, times=None)

    await scene.alice.slash(scene.channel, "compose", genre="metal")

    assert rehearsal.composer.asked == []
    assert scene.posted() == []
    assert len(scene.env.errors) == 1
