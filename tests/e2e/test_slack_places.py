"""Where Slack's words come from and where ours go: alone with the bot, in threads, under songs."""

from tests.fakes.slack_edge import Actor, Refusal
from tests.fakes.slack_running import running
from tests.fakes.slack_scene import SONG, UPLOADED, delivered, names
from tests.fakes.songs import CATALOGUE


async def test_whoever_writes_to_the_bot_alone_need_not_mention_it(edge, band):
    async with running(edge, band):
        await edge.direct("metal 140bpm")
        await delivered(band, 1)
    (song,) = await edge.history(f"D{edge.api.workspace.member[1:]}")
    assert names(song) == SONG
    assert band.composer.asked[0].spec.tempo == 140


async def test_only_new_messages_of_people_to_the_bot_alone_are_wishes(edge, band):
    async with running(edge, band):
        await edge.direct("metal", subtype="message_changed")
        await edge.direct("metal", channel_type="channel")
        await edge.direct("metal", bot_id="B0OTHER")
        await edge.command("/compose", "help")
        await edge.responded()
    assert band.composer.asked == []


async def test_a_press_in_a_thread_is_explained_in_the_thread(edge, band, admin):
    thread = "1700000000.000001"
    async with running(edge, band):
        await edge.mention("metal", Actor(admin.team, admin.channel, admin.user, "ada", thread))
        await delivered(band, 1)
        (song,) = await edge.history(thread=thread)
        for genre in CATALOGUE.genres:
            band.genres.off.add(("slack", admin.team, genre.name))
        await edge.click(song)
        whisper = await edge.called("chat.postEphemeral")
    assert (whisper["thread_ts"], edge.responses) == (thread, [])


async def test_a_press_in_the_channel_is_explained_without_touching_the_song(edge, band, admin):
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await delivered(band, 1)
        (song,) = await edge.history()
        for genre in CATALOGUE.genres:
            band.genres.off.add(("slack", admin.team, genre.name))
        await edge.click(song)
        whisper = await edge.responded()
    assert (whisper["response_type"], whisper["replace_original"]) == ("ephemeral", False)
    assert await edge.history() == [song]


async def test_a_hiccup_of_slack_costs_no_song(edge, band):
    edge.refuse(UPLOADED, Refusal("service_unavailable", status=503))
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await delivered(band, 1)
    (message,) = await edge.history()
    assert names(message) == SONG
