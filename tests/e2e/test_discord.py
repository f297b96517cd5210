"""The whole way over real sockets: the real discord.py client against an HTTP and gateway server."""

import asyncio

import discord
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.permissions import INVITED
from bot.messages import say
from bot.settings import BadSettings, DiscordSettings
from tests.fakes.discord_scene import buttons, files
from tests.fakes.discord_server import TOKEN
from tests.fakes.discord_stage import SONG, Stage, place_of


async def test_compose_is_acknowledged_shows_progress_and_becomes_the_song(stage: Stage) -> None:
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        result = await stage.slash(stage.alice, "compose", genre="metal", tempo=140.0, key="Em", seed=7)
        shown = await stage.answer(result, lambda message: message.content == "Writing bar 1 of 32")
        assert list(buttons(shown)) == ["Cancel"]

        stage.rehearsal.composer.gate.set()
        message = await stage.song(result)

    assert message.id == shown.id
    assert files(message) == SONG
    assert message.content.startswith("Iron Harvest")
    assert message.embeds[0].image.url == "attachment://iron-harvest.png"
    assert list(buttons(message)) == ["Another", "Vary", "Extend", "Remix with…"]
    upload = next(request for request in stage.discord.received if request.files)
    assert upload.files["iron-harvest.mid"] == b"MThd"
    assert upload.body["allowed_mentions"]["parse"] == []


async def test_the_bot_tells_its_invitation(stage: Stage) -> None:
    with capture_logs() as logs:
        async with stage.bot() as adapter:
            await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
            application = adapter.client.application_id
    (invitation,) = [entry["invite"] for entry in logs if "invite" in entry]
    assert f"client_id={application}" in invitation
    assert f"permissions={INVITED.value}" in invitation


async def test_a_token_that_is_reset_while_the_bot_runs_is_named(stage: Stage) -> None:
    settings = DiscordSettings(
        token=SecretStr(TOKEN), api_base=stage.discord.api_base, gateway_url=stage.discord.gateway_url
    )
    running = asyncio.create_task(DiscordAdapter(settings, stage.rehearsal.band()).run())
    await stage.discord.until(lambda: stage.discord.gateway.identified == 1)
    await stage.discord.do(lambda: stage.discord.gateway.drop(code=4004))

    with pytest.raises(BadSettings, match="LNH_DISCORD_TOKEN"):
        await running


async def test_another_works_after_the_bot_was_restarted(stage: Stage) -> None:
    async with stage.bot():
        first = await stage.song(await stage.slash(stage.alice, "compose", genre="jazz"))
    async with stage.bot():
        second = await stage.song(await stage.click(stage.boss, first, "Another"))

    assert files(second) == SONG
    assert second.id != first.id
    wished, again = stage.rehearsal.composer.asked
    assert (again.spec, again.sampling.seed == wished.sampling.seed) == (wished.spec, False)
    assert stage.discord.gateway.identified == 2
    registrations = [request for request in stage.discord.received if request.method == "PUT"]
    assert len(registrations) == 1


async def test_a_song_is_remixed_in_a_genre_of_the_menu_after_a_restart(stage: Stage) -> None:
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
    async with stage.bot():
        remix = await stage.song(await stage.pick(stage.boss, song, "remix", "jazz"))

    asked = stage.rehearsal.composer.asked[1].spec
    assert asked.edit is not None
    assert (asked.main_genre, asked.edit.operation) == ("jazz", "remix")
    assert files(remix) == SONG
    assert len(remix.components) == 4


async def test_a_song_is_remixed_with_settings_of_a_form_that_outlives_the_bot(stage: Stage) -> None:
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
        form = await stage.click(stage.boss, song, "Remix with…")
        await stage.discord.until(lambda: form.modal)
    async with stage.bot():
        filled = {"genre": ["jazz"], "tempo": "96", "keep": ["lead"]}
        remix = await stage.song(await stage.discord.do(lambda: stage.boss.submit_modal(form, filled)))

    asked = stage.rehearsal.composer.asked[1].spec
    assert asked.edit is not None
    assert (asked.main_genre, asked.tempo, asked.edit.keep) == ("jazz", 96, ("lead",))
    assert files(remix) == SONG


async def test_a_daily_song_is_set_up_and_posted_once(stage: Stage) -> None:
    async with stage.bot() as adapter:
        result = await stage.slash(stage.boss, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")
        answer = await stage.answer(result, lambda message: message.content)
        assert answer.ephemeral
        await stage.rehearsal.ring()
        (message,) = await stage.posted(1)

        # The same post once more, as after a lost response, is swallowed by the nonce.
        nonce = stage.discord.received[-1].body["nonce"]
        request = stage.rehearsal.composer.asked[-1]
        song = [item async for item in stage.rehearsal.composer.compose(request)][-1]
        await adapter.messenger.post_song(place_of(stage), song, None, nonce)

    assert [attachment["filename"] for attachment in message.attachments] == SONG
    assert len(await stage.posted(1)) == 1


async def test_a_song_in_the_making_can_be_cancelled_by_its_owner_only(stage: Stage) -> None:
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        result = await stage.slash(stage.alice, "compose", genre="metal")
        shown = await stage.answer(result, buttons)

        bystander = await stage.click(stage.boss, shown, "Cancel")
        refused = await stage.answer(bystander, lambda message: message.content)
        assert (refused.ephemeral, refused.content) == (True, say("not_allowed", "en"))

        await stage.click(stage.alice, shown, "Cancel")
        (told,) = await stage.discord.until(lambda: result.followups)
        await stage.discord.until(lambda: result.response is None)

    assert (told.ephemeral, told.content) == (True, say("cancelled", "en"))


async def test_a_shutdown_leaves_the_song_pending_and_the_next_start_posts_it(stage: Stage) -> None:
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        result = await stage.slash(stage.alice, "compose", genre="metal")
        await stage.answer(result, buttons)
    stage.rehearsal.composer.gate.set()
    assert len(await stage.rehearsal.songs.pending()) == 1

    async with stage.bot() as adapter:
        await adapter.client.band.compose.recompose_pending(adapter.reply_for)
        (message,) = await stage.posted(1)

    assert [attachment["filename"] for attachment in message.attachments] == SONG
    assert await stage.rehearsal.songs.pending() == []


async def test_an_interaction_that_expired_meanwhile_is_answered_in_the_channel(stage: Stage) -> None:
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        result = await stage.slash(stage.alice, "compose", genre="metal")
        await stage.answer(result, buttons)
        await stage.discord.do(stage.discord.expire_interactions)
        stage.rehearsal.composer.gate.set()
        (message,) = await stage.posted(1)

    assert [attachment["filename"] for attachment in message.attachments] == SONG


async def test_a_dropped_gateway_is_resumed_and_misses_nothing(stage: Stage) -> None:
    async with stage.bot() as adapter:
        await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
        await stage.discord.do(stage.discord.gateway.drop)
        message = await stage.song(await stage.slash(stage.alice, "compose", genre="punk"))
        assert adapter.is_connected()

    assert files(message) == SONG
    assert (stage.discord.gateway.identified, stage.discord.gateway.resumed) == (1, 1)


async def test_a_mention_composes_without_the_message_content_intent(stage: Stage) -> None:
    wish = f"<@{stage.discord.world.backend.bot_user.id}> heavy metal 140bpm"
    async with stage.bot():
        await stage.discord.do(lambda: stage.alice.send(stage.channel, wish))
        (message,) = await stage.posted(1)

    assert [attachment["filename"] for attachment in message.attachments] == SONG


async def test_discord_out_of_reach_is_tried_again(stage: Stage) -> None:
    stage.discord.world.inject_error("GET", "/users/@me", status=503)
    async with stage.bot():
        assert files(await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))) == SONG


async def test_a_wrong_token_is_one_sentence_that_names_the_setting(stage: Stage) -> None:
    settings = DiscordSettings(token=SecretStr("wrong"), api_base=stage.discord.api_base)
    with pytest.raises(BadSettings, match="LNH_DISCORD_TOKEN"):
        await DiscordAdapter(settings, stage.rehearsal.band()).run()


async def test_twenty_commands_at_once_are_all_acknowledged_in_time_and_answered(stage: Stage) -> None:
    async with stage.bot():
        results = [await stage.slash(stage.alice, "compose", genre="metal") for _ in range(20)]
        for result in results:
            assert files(await stage.song(result)) == SONG

    assert len(stage.discord.latency_s) == 20  # and leaving the server fails if one was late


async def test_the_server_reports_what_it_does_not_know_and_who_stays_silent(stage: Stage) -> None:
    async with stage.bot() as adapter:
        with pytest.raises(discord.DiscordServerError):
            await adapter.client.http.request(discord.http.Route("GET", "/soundboard-default-sounds"))
    with pytest.raises(AssertionError, match="soundboard-default-sounds"):
        stage.discord.check()
    stage.discord.gaps.clear()
