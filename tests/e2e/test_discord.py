"""The whole way over real sockets: the real discord.py client against an HTTP and gateway server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import discord
import pytest
import simcord
from pydantic import SecretStr

from adapters.discord.adapter import DiscordAdapter
from bot.domain.errors import ComposerFailed
from bot.domain.request import Place
from bot.messages import say
from bot.settings import BadSettings, DiscordSettings
from inference.api import ExtraFile
from inference.music.errors import BadRecipe
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import buttons, files
from tests.fakes.discord_server import TOKEN, DiscordServer
from tests.fakes.songs import file_for

MIB = 1024 * 1024
SONG = ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
QUICK = ["iron-harvest.png", "iron-harvest-quick.mp3", "iron-harvest.mid"]


@dataclass
class Stage:
    """One server with a channel and two people, and the band that plays there."""

    discord: DiscordServer
    rehearsal: Rehearsal
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    alice: simcord.MemberActor
    boss: simcord.MemberActor

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[DiscordAdapter]:
        """The adapter, connected; leaving the block is a shutdown."""
        settings = DiscordSettings(
            token=SecretStr(TOKEN), api_base=self.discord.api_base, gateway_url=self.discord.gateway_url
        )
        adapter = DiscordAdapter(settings, self.rehearsal.band())
        self.rehearsal.messengers["discord"] = adapter.messenger
        running = asyncio.create_task(adapter.run())
        try:
            identified = self.discord.gateway.identified
            await self.discord.until(lambda: self.discord.gateway.identified > identified)
            yield adapter
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def slash(self, person: simcord.MemberActor, name: str, **options: Any) -> simcord.InteractionResult:
        return await self.discord.do(lambda: person.slash(self.channel, name, **options))

    async def click(self, person: simcord.MemberActor, message: Any, label: str) -> simcord.InteractionResult:
        return await self.discord.do(lambda: person.click(message, label=label))

    async def choose(self, person: simcord.MemberActor, message: Any, kind: str) -> simcord.InteractionResult:
        """A choice from the menu of further files."""
        return await self.pick(person, message, "files", kind)

    async def pick(self, person: simcord.MemberActor, message: Any, menu: str, value: str) -> simcord.InteractionResult:
        """A choice from a menu under a song."""
        parts = [part for row in message.components for part in row["components"]]
        found = next(part["custom_id"] for part in parts if part["custom_id"].startswith(f"lnh:{menu}:"))
        return await self.discord.do(lambda: person.select(message, [value], custom_id=found))

    async def song(self, result: simcord.InteractionResult) -> simcord.ResponseMessage:
        """The answer, once it has its files."""
        return await self.discord.until(lambda: result.response if result.response and files(result.response) else None)

    async def answer(self, result: simcord.InteractionResult, is_it: Callable[[simcord.ResponseMessage], Any]) -> Any:
        """The answer, once it `is_it`."""
        return await self.discord.until(lambda: result.response if result.response and is_it(result.response) else None)

    async def posted(self, count: int) -> list[Any]:
        """The channel's messages with files, once there are that many."""

        def with_files() -> list[Any]:
            stored = self.discord.world.backend.messages.get(self.channel.id, {})
            found = [message for message in stored.values() if message.attachments]
            return found if len(found) >= count else []

        return await self.discord.until(with_files)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    # The library keeps its addresses in classes; whatever a test sets there is put back.
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    async with DiscordServer() as server:
        guild = await server.do(lambda: server.world.create_guild("Rehearsal room"))
        channel = await server.do(lambda: guild.create_text_channel("music"))
        manage = discord.Permissions(manage_guild=True)
        managers = await server.do(lambda: guild.create_role("Managers", permissions=manage))
        alice = await server.do(lambda: guild.add_member(server.world.create_user("alice")))
        boss = await server.do(lambda: guild.add_member(server.world.create_user("boss"), roles=[managers]))
        yield Stage(server, Rehearsal(), guild, channel, alice, boss)


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
    assert list(buttons(message)) == ["Another", "Vary", "Extend"]
    upload = next(request for request in stage.discord.received if request.files)
    assert upload.files["iron-harvest.mid"] == b"MThd"
    assert upload.body["allowed_mentions"]["parse"] == []


async def quick_mix(stage: Stage) -> simcord.InteractionResult:
    """A song that is asked for and can be heard as a quick mix; the full one waits for `composer.mix`."""
    stage.rehearsal.composer.mix = asyncio.Event()
    result = await stage.slash(stage.alice, "compose", genre="metal")
    assert files(await stage.song(result)) == QUICK
    return result


async def test_the_quick_mix_is_posted_at_once_and_replaced_by_the_full_one(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        quick = await stage.song(result)
        assert quick.content.endswith(say("preview", "en"))
        assert quick.embeds[0].image.url == "attachment://iron-harvest.png"
        assert list(buttons(quick)) == ["Cancel"]

        stage.rehearsal.composer.mix.set()
        full = await stage.answer(result, lambda message: files(message) == SONG)

    assert full.id == quick.id
    assert say("preview", "en") not in full.content
    assert "Another" in buttons(full)
    assert len(await stage.posted(1)) == 1


async def test_a_restart_between_quick_and_full_mix_ends_with_the_full_one_in_the_same_message(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        quick = await stage.song(result)
    assert files(await stage.song(result)) == QUICK

    stage.rehearsal.composer.mix = None
    async with stage.bot() as adapter:
        await adapter.client.band.compose.recompose_pending(adapter.reply_for)
        full = await stage.answer(result, lambda message: files(message) == SONG)

    assert full.id == quick.id
    assert "Another" in buttons(full)
    assert len(await stage.posted(1)) == 1


async def test_a_quick_mix_whose_full_one_fails_stays_with_the_buttons_of_a_song(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        stage.rehearsal.composer.broken_mixes.append(ComposerFailed(reason="render_failed"))
        stage.rehearsal.composer.mix.set()
        kept = await stage.answer(result, lambda message: "Another" in buttons(message))

    assert files(kept) == QUICK
    assert say("preview", "en") not in kept.content


async def test_a_song_cancelled_while_its_quick_mix_plays_is_taken_away(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        await stage.click(stage.alice, await stage.song(result), "Cancel")
        (told,) = await stage.discord.until(lambda: result.followups)
        await stage.discord.until(lambda: result.response is None)

    assert (told.ephemeral, told.content) == (True, say("cancelled", "en"))


async def test_a_quick_mix_that_somebody_deleted_does_not_come_back_in_full(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        quick = await stage.song(result)
        moderator = await stage.discord.do(lambda: moderator_of(stage))
        await stage.discord.do(lambda: moderator.delete(quick))
        stage.rehearsal.composer.mix.set()
        async with asyncio.timeout(10):
            while not stage.rehearsal.songs.done:  # noqa: ASYNC110  # the fake storage has no event for it
                await asyncio.sleep(0.01)

    assert not [message for message in stored(stage) if message.attachments]


async def test_an_interaction_that_expired_after_the_quick_mix_still_ends_with_the_full_one_alone(
    stage: Stage,
) -> None:
    async with stage.bot():
        await quick_mix(stage)
        await stage.discord.do(stage.discord.expire_interactions)
        stage.rehearsal.composer.mix.set()

        def is_full() -> bool:
            return [names(message) for message in stored(stage) if message.attachments] == [SONG]

        await stage.discord.until(is_full)


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


async def test_another_file_of_a_song_is_made_after_a_restart_and_answers_the_choice(stage: Stage) -> None:
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        chosen = await stage.choose(stage.boss, song, "stems")
        shown = await stage.answer(chosen, lambda message: message.content)
        assert shown.content == "Making it: Stems (zip)"
        stage.rehearsal.composer.gate.set()
        made = await stage.answer(chosen, files)

    assert (made.id, made.content, files(made)) == (shown.id, "Stems (zip) · Iron Harvest", ["iron-harvest.stems"])
    (request,) = stage.rehearsal.composer.files_asked
    assert (request.id, request.files, request.max_file_mib) == (stage.rehearsal.composer.asked[0].id, ("stems",), 10.0)


async def test_files_beyond_one_message_follow_and_those_beyond_the_limit_are_named(stage: Stage) -> None:
    sizes = (9 * MIB, 9 * MIB, 9 * MIB, 11 * MIB)
    tracks = tuple(replace(file_for(ExtraFile.MINUS_ONE, size), name=f"{at}.mp3") for at, size in enumerate(sizes))
    stage.rehearsal.composer.files_of[ExtraFile.MINUS_ONE] = tracks
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
        chosen = await stage.choose(stage.alice, song, "minus-one")
        (more,) = await stage.discord.until(lambda: chosen.followups)

    assert files(chosen.response) == ["0.mp3", "1.mp3"]
    assert chosen.response.content.endswith("Too large for this channel: 3.mp3.")
    assert files(more) == ["2.mp3"]


async def test_files_that_discord_finds_too_large_after_all_are_named(stage: Stage) -> None:
    stage.rehearsal.composer.files_of[ExtraFile.VIDEO] = (file_for(ExtraFile.VIDEO, 2 * MIB),)
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
        stage.discord.gateway.upload_limit_bytes = MIB
        chosen = await stage.choose(stage.alice, song, "video")
        told = await stage.answer(chosen, lambda message: "Too large" in message.content)

    assert files(told) == []


async def test_what_keeps_a_file_from_being_made_is_told_to_whoever_chose_it(stage: Stage) -> None:
    stage.rehearsal.composer.cannot_make[ExtraFile.TAB] = "nobody plays a guitar"
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
        chosen = await stage.choose(stage.alice, song, "tab")
        told = await stage.answer(chosen, lambda message: "could not be made" in message.content)
        assert told.content == "Guitar Pro tab could not be made: nobody plays a guitar"

        stage.rehearsal.composer.failures.append(BadRecipe("this song was written by another model"))
        again = await stage.choose(stage.alice, song, "tab")
        (whispered,) = await stage.discord.until(lambda: again.followups)
        await stage.discord.until(lambda: again.response is None)

    assert (whispered.ephemeral, whispered.content) == (True, "This song was written by another model.")


async def test_files_that_took_too_long_for_an_answer_come_as_a_plain_message(stage: Stage) -> None:
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
        stage.rehearsal.composer.gate.clear()
        chosen = await stage.choose(stage.alice, song, "flac")
        await stage.answer(chosen, lambda message: message.content)
        await stage.discord.do(stage.discord.expire_interactions)
        stage.rehearsal.composer.gate.set()
        _, message = await stage.posted(2)

    assert names(message) == ["iron-harvest.flac"]


async def test_a_daily_song_is_set_up_and_posted_once(stage: Stage) -> None:
    async with stage.bot() as adapter:
        result = await stage.slash(stage.boss, "daily set", time="18:30", timezone="Europe/Berlin", genre="metal")
        answer = await stage.answer(result, lambda message: message.content)
        assert answer.ephemeral
        await stage.rehearsal.ring()
        (message,) = await stage.posted(1)

        # The same post once more, as after a lost response, is swallowed by the nonce.
        nonce = stage.discord.received[-1].body["nonce"]
        (request,) = stage.rehearsal.composer.asked
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


async def test_a_file_beyond_ten_mib_stays_at_home(stage: Stage) -> None:
    stage.rehearsal.composer.mp3_bytes = 10 * MIB + 1
    async with stage.bot():
        message = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))

    assert files(message) == ["iron-harvest.png", "iron-harvest.mid"]
    assert message.content.endswith(say("file_too_large", "en", files="iron-harvest.mp3"))


async def test_a_limit_that_turns_out_lower_costs_the_sound_but_not_the_song(stage: Stage) -> None:
    stage.rehearsal.composer.mp3_bytes = 2 * MIB
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        result = await stage.slash(stage.alice, "compose", genre="metal")
        await stage.answer(result, buttons)
        stage.discord.gateway.upload_limit_bytes = MIB
        stage.rehearsal.composer.gate.set()
        message = await stage.song(result)

    assert files(message) == ["iron-harvest.png", "iron-harvest.mid"]


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


def place_of(stage: Stage) -> Place:
    return Place("discord", str(stage.guild.id), str(stage.channel.id))


def stored(stage: Stage) -> list[Any]:
    """Every message of the channel."""
    return list(stage.discord.world.backend.messages.get(stage.channel.id, {}).values())


def moderator_of(stage: Stage) -> simcord.MemberActor:
    role = stage.guild.create_role("Moderators", permissions=discord.Permissions(manage_messages=True))
    return stage.guild.add_member(stage.discord.world.create_user("mod"), roles=[role])


def names(message: Any) -> list[str]:
    return [attachment["filename"] for attachment in message.attachments]
