"""The Slack adapter with the real Bolt over real sockets, against a Web API in memory."""

from dataclasses import replace

import pytest

from bot.domain.errors import ComposerFailed
from bot.domain.request import Place
from bot.settings import BadSettings
from tests.fakes.band import BandForTests
from tests.fakes.slack_edge import Actor, Refusal
from tests.fakes.slack_running import running
from tests.fakes.slack_scene import MODES, UPLOADED, delivered
from tests.fakes.songs import CATALOGUE, request_for


@pytest.mark.parametrize("mode", MODES)
async def test_compose_becomes_one_message_with_card_sound_notes_and_button(edge, band, mode):
    async with running(edge, band, mode):
        assert await edge.command("/compose", "metal 140bpm Em") == {}
        await edge.called("chat.delete")
    (message,) = await edge.history()
    assert [file["name"].rpartition(".")[2] for file in message["files"]] == ["png", "mp3", "mid"]
    assert "Iron Harvest" in message["blocks"][0]["text"]["text"]
    assert message["blocks"][1]["elements"][0]["value"] == band.composer.asked[0].id
    assert await edge.api.content(message["files"][1]) == b"ID3"
    assert band.composer.asked[0].spec.tempo == 140


async def test_progress_is_one_message_that_is_gone_when_the_song_is_there(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.called("chat.delete")
    assert len(edge.calls_of("chat.postMessage")) == 1
    assert len(edge.calls_of("chat.update")) <= 1


async def test_mention_in_a_thread_is_answered_in_that_thread(edge, band):
    here = edge.api.workspace
    async with running(edge, band):
        await edge.mention("metal 140bpm", Actor(here.team, here.channel, here.member, "mel", "1700000000.000001"))
        await edge.called("chat.delete")
    (message,) = await edge.history(thread="1700000000.000001")
    assert len(message["files"]) == 3
    assert band.composer.asked[0].requester.locale == "en-GB"


async def test_another_works_after_a_restart_with_nothing_but_the_button(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal 140bpm")
        await edge.called("chat.delete")
    (first,) = await edge.history()
    reborn = BandForTests(songs=band.songs)
    async with running(edge, reborn):
        await edge.click(first)
        await edge.called("chat.delete", times=2)
    (again,) = reborn.composer.asked
    assert again.spec == band.composer.asked[0].spec
    assert again.sampling.seed != band.composer.asked[0].sampling.seed
    assert len(await edge.history()) == 2


async def test_a_song_is_varied_extended_replaced_and_remixed_after_a_restart(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal 140bpm")
        await delivered(band, 1)
    (first,) = await edge.history()
    reborn = BandForTests(songs=band.songs)
    async with running(edge, reborn):
        for songs, pressed in enumerate(("lnh.vary", "lnh.extend", "lnh.replace", "lnh.remix"), start=2):
            await edge.click(first, pressed=pressed)
            await delivered(reborn, songs)
    edits = [request.spec.edit for request in reborn.composer.asked]
    assert [edit.operation for edit in edits] == ["vary", "extend", "replace", "remix"]
    assert [edit.players for edit in edits] == [(), (), ("lead",), ()]
    genres = [request.spec.main_genre for request in reborn.composer.asked]
    assert genres == ["metal", "metal", "metal", CATALOGUE.genres[-1].name]
    assert len(await edge.history()) == 5


async def test_button_of_a_song_long_forgotten_is_explained(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.called("chat.delete")
    (first,) = await edge.history()
    async with running(edge, BandForTests()):
        await edge.click(first)
        assert (
            "no longer know that song"
            in (await edge.called("chat.update", times=len(edge.calls_of("chat.update")) + 1))["text"]
        )


async def test_meter_and_strict_key_are_wishes_and_a_wrong_meter_is_refused(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal 3/4 strict key")
        await delivered(band, 1)
        await edge.command("/compose", "metal 5/4")
        assert "meter is one of 4/4, 3/4" in (await edge.responded())["text"].casefold()
    (request,) = band.composer.asked
    assert (str(request.spec.meter), request.spec.strict_key) == ("3/4", True)


async def test_blend_is_asked_for_with_a_plus(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal + jazz")
        await delivered(band, 1)
    (message,) = await edge.history()
    assert "jazz × metal" in message["blocks"][0]["text"]["text"]


async def test_retried_event_makes_one_song(edge, band):
    async with running(edge, band):
        await edge.mention("metal", event_id="Ev00000099")
        await edge.called("chat.delete")
        await edge.mention("metal", event_id="Ev00000099")
    async with running(edge, BandForTests(songs=band.songs, composer=band.composer)):
        await edge.mention("metal", event_id="Ev00000099")
        await edge.called("chat.delete", times=2)
    assert len(band.composer.asked) == 1
    assert len(await edge.history()) == 1


async def test_unknown_genre_names_the_nearest_to_the_requester_alone(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "mettal")
        answer = await edge.responded()
    assert answer["response_type"] == "ephemeral"
    assert "metal" in answer["text"]
    assert await edge.history() == []


async def test_what_a_person_wrote_is_repeated_without_its_mentions(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "<!here> & <x>")
        assert "<" not in (await edge.responded())["text"]


async def test_disabled_genre_is_refused_with_the_enabled_ones_named(edge, band, admin):
    async with running(edge, band):
        await edge.command("/genres", "disable metal", admin)
        assert "Metal" in (await edge.responded())["text"]
        await edge.command("/compose", "metal")
        assert "punk" in (await edge.responded(2))["text"]
        await edge.command("/genres")
        listing = (await edge.responded(3))["text"]
    assert "~metal~" in listing
    assert "*punk*" in listing
    assert band.composer.asked == []
    assert await edge.history() == []


async def test_of_two_bots_one_answers_an_event_that_slack_tells_both(edge, band):
    other = BandForTests(songs=band.songs, heard=band.heard, composer=band.composer)
    async with running(edge, band, "http"):
        first = edge.events_url
        async with running(edge, other, "http"):
            for url in (first, edge.events_url):
                edge.events_url = url
                await edge.mention("help", event_id="Ev0001")
            await edge.called("chat.postEphemeral")
            edge.events_url = first
            await edge.command("/genres")
            await edge.responded()
    assert len(edge.calls_of("chat.postEphemeral")) == 1


async def test_channel_we_are_not_in_is_explained_before_any_work(edge, band):
    here = edge.api.workspace
    async with running(edge, band):
        await edge.command("/compose", "metal", Actor(here.team, here.private, here.member, "mel"))
        assert "/invite" in (await edge.responded())["text"]
    assert band.composer.asked == []


async def test_uploads_switched_off_are_explained_where_the_progress_was(edge, band):
    edge.refuse("files.getUploadURLExternal", Refusal("file_uploads_disabled"))
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.until(lambda: any("file uploads" in call["text"] for call in edge.calls_of("chat.update")))


async def test_missing_scope_is_named(edge, band):
    edge.api.scopes.discard("files:write")
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.until(lambda: any("files:write" in call["text"] for call in edge.calls_of("chat.update")))


async def test_rate_limits_delay_a_song_but_do_not_lose_it(edge, band):
    edge.refuse(UPLOADED, Refusal("ratelimited", retry_after_s=0))
    edge.refuse("chat.postMessage", Refusal("ratelimited", retry_after_s=30))
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.called(UPLOADED)
    (message,) = await edge.history()
    assert len(message["files"]) == 3


async def test_song_arrives_although_slack_refuses_blocks_on_uploads(edge, band):
    edge.refuse(UPLOADED, Refusal("internal_error"))
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.called("chat.delete")
        song, button = await edge.history()
        assert "Iron Harvest" in song["text"]
        await edge.click(button)
        await edge.called(UPLOADED, times=2)


async def test_failed_song_is_explained_where_the_progress_was(edge, band):
    band.composer.failures.append(ComposerFailed(reason="render_failed"))
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await edge.until(lambda: any("could not be recorded" in call["text"] for call in edge.calls_of("chat.update")))
    assert len(await edge.history()) == 1


async def test_help_shows_how_to_write_it(edge, band):
    async with running(edge, band):
        await edge.command("/compose")
        assert "/compose metal" in (await edge.responded())["text"]


async def test_forged_stale_and_nonsense_signatures_are_refused(edge, band):
    body = "command=%2Fcompose&text=metal&team_id=T0BAND"
    async with running(edge, band, "http"):
        assert await edge.post_signed(body, secret="somebody else's secret") == 401
        assert await edge.post_signed(body, age_s=301) == 401
        assert await edge.post_signed(body, timestamp="yesterday") == 401
    assert band.composer.asked == []


async def test_address_is_confirmed_when_slack_asks(edge, band):
    async with running(edge, band, "http"):
        assert await edge.verify_url() == "3eZbrw1aB"


async def test_port_that_is_taken_is_one_sentence(edge, band):
    async with running(edge, band, "http") as adapter:
        with pytest.raises(BadSettings, match="LNH_SLACK_HTTP_PORT"):
            async with running(edge, BandForTests(), "http", http_port=adapter.http_port):
                pass


async def test_missing_setting_is_named(edge, band):
    with pytest.raises(BadSettings, match="LNH_SLACK_APP_TOKEN"):
        async with running(edge, band, "http", signing_secret=None):
            pass


async def test_defect_of_ours_is_said_in_general_and_the_next_wish_still_works(edge, band):
    band.genres.off = None
    async with running(edge, band):
        await edge.command("/genres")
        assert "broke on our side" in (await edge.responded())["text"]
        await edge.command("/compose", "help")
        assert "/daily" in (await edge.responded(2))["text"]


async def test_wishes_do_not_wait_for_each_other(edge, band):
    band.composer.gate.clear()
    async with running(edge, band):
        for _ in range(5):
            await edge.command("/compose", "metal")
        await edge.called("chat.postMessage", times=5)
        band.composer.gate.set()
        await edge.called(UPLOADED, times=5)
    assert max(edge.acks) < edge.deadline_s


async def test_unreadable_mention_is_answered_to_its_writer_alone(edge, band):
    async with running(edge, band):
        await edge.mention("mettal")
        call = await edge.called("chat.postEphemeral")
    assert "metal" in call["text"]
    assert await edge.history() == []


async def test_mention_by_a_bot_is_not_answered(edge, band):
    async with running(edge, band):
        await edge.mention("metal", by_bot="B0OTHER")
        await edge.command("/compose", "help")
        await edge.responded()
    assert band.composer.asked == []


async def test_socket_is_opened_anew_when_slack_asks_for_it(edge, band):
    async with running(edge, band) as adapter:
        await edge.disconnect_socket()
        await edge.until(lambda: edge.sockets_opened == 2 and edge.is_connected)
        await edge.command("/compose", "metal")
        await edge.called(UPLOADED)
        assert adapter.is_connected()


async def test_adapter_is_connected_only_while_it_runs(edge, band):
    async with running(edge, band) as adapter:
        assert adapter.is_connected()
    assert not adapter.is_connected()


@pytest.mark.parametrize(("setting", "name"), [("bot_token", "BOT_TOKEN"), ("app_token", "APP_TOKEN")])
async def test_token_that_slack_does_not_accept_is_named(edge, band, setting, name):
    with pytest.raises(BadSettings, match=f"LNH_SLACK_{name}"):
        async with running(edge, band, "socket", **{setting: "a wrong token"}):
            pass


async def test_song_left_by_a_crash_is_delivered_without_its_command(edge, band):
    here = edge.api.workspace
    await band.songs.accept(replace(request_for(), place=Place("slack", here.team, here.channel)))
    async with running(edge, band) as adapter:
        await band.band().compose.recompose_pending(adapter.reply_for)
    (message,) = await edge.history()
    assert len(message["files"]) == 3


async def test_song_is_cancelled_by_the_one_who_asked_and_says_so(edge, band):
    band.composer.gate.clear()
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await band.composer.composing.wait()
        (progress,) = await edge.history()
        await edge.click(progress)
        await edge.until(lambda: any("Cancelled" in call["text"] for call in edge.calls_of("chat.update")))
        (last,) = await edge.history()
    assert not last["blocks"]
    assert len(band.composer.cancelled) == 1


async def test_song_of_somebody_else_is_cancelled_by_admins_only(edge, band, admin):
    band.composer.gate.clear()
    async with running(edge, band):
        await edge.command("/compose", "metal", admin)
        await band.composer.composing.wait()
        (progress,) = await edge.history()
        await edge.click(progress)
        assert "Only admins" in (await edge.responded())["text"]
        assert band.composer.cancelled == []


async def test_stopping_leaves_the_song_pending_and_no_progress_behind(edge, band):
    band.composer.gate.clear()
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await band.composer.composing.wait()
    assert await edge.history() == []
    assert len(await band.songs.pending()) == 1
