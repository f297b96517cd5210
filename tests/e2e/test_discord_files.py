"""Further files of a song over real sockets, and files that are too large."""

from dataclasses import replace

from bot.messages import say
from inference.api import ExtraFile
from inference.music.errors import BadRecipe
from tests.fakes.discord_scene import buttons, files
from tests.fakes.discord_stage import MIB, Stage, names
from tests.fakes.songs import file_for


async def test_another_file_of_a_song_is_made_after_a_restart_and_answers_the_choice(stage: Stage) -> None:
    async with stage.bot():
        song = await stage.song(await stage.slash(stage.alice, "compose", genre="metal"))
    stage.rehearsal.composer.gate.clear()
    async with stage.bot():
        chosen = await stage.choose(stage.boss, song, "stems")
        shown = await stage.answer(chosen, lambda message: message.content)
        assert shown.content == "In the making: Stems (zip)"
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
