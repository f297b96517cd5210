"""Further files of a song in Slack."""

from inference.api import ExtraFile
from inference.music.errors import BadRecipe
from tests.fakes.band import BandForTests
from tests.fakes.slack_edge import Refusal
from tests.fakes.slack_running import running
from tests.fakes.slack_scene import names, song_of
from tests.fakes.songs import file_for


async def test_another_file_of_a_song_is_made_after_a_restart_and_comes_into_its_thread(edge, band):
    song = await song_of(edge, band)
    reborn = BandForTests(songs=band.songs)
    reborn.composer.gate.clear()
    async with running(edge, reborn):
        await edge.click(song, pressed="lnh.files")  # the last of the menu
        await edge.until(lambda: edge.api.messages[-1]["text"] == "In the making: Piano roll video (MP4)")
        reborn.composer.gate.set()
        await edge.called("chat.delete", times=2)
    _, made = await edge.history(thread=song["ts"])
    assert (made["text"], names(made)) == ("Piano roll video (MP4) · Iron Harvest", ["iron-harvest.video"])
    assert await edge.api.content(made["files"][0]) == b"video"
    assert reborn.composer.files_asked[0].id == band.composer.asked[0].id


async def test_many_files_come_in_several_messages(edge, band):
    song = await song_of(edge, band)
    band.composer.files_of[ExtraFile.VIDEO] = (file_for(ExtraFile.VIDEO),) * 12
    async with running(edge, band):
        await edge.click(song, pressed="lnh.files")
        await edge.called("chat.delete", times=2)
    messages = await edge.history(thread=song["ts"])
    assert [len(message["files"]) for message in messages[1:]] == [10, 2]


async def test_what_keeps_a_file_from_being_made_is_said_in_the_thread(edge, band):
    song = await song_of(edge, band)
    band.composer.cannot_make[ExtraFile.VIDEO] = "no encoder is installed"
    async with running(edge, band):
        await edge.click(song, pressed="lnh.files")
        await edge.until(lambda: "could not be made" in edge.api.messages[-1]["text"])
        band.composer.failures.append(BadRecipe("this song was written by another model"))
        await edge.click(song, pressed="lnh.files")
        await edge.until(lambda: "another model" in edge.api.messages[-1]["text"])
    assert len(await edge.history(thread=song["ts"])) == 3


async def test_files_that_slack_refuses_are_explained(edge, band):
    song = await song_of(edge, band)
    edge.refuse("files.getUploadURLExternal", Refusal("file_uploads_disabled"))
    async with running(edge, band):
        await edge.click(song, pressed="lnh.files")
        await edge.until(lambda: "file uploads" in edge.api.messages[-1]["text"])


async def test_files_of_a_song_long_forgotten_are_explained(edge, band):
    song = await song_of(edge, band)
    async with running(edge, BandForTests()):
        await edge.click(song, pressed="lnh.files")
        await edge.until(lambda: "no longer know that song" in edge.api.messages[-1]["text"])
