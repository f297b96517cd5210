"""The quick mix in Slack: posted at once, then replaced by the full one."""

import asyncio

from tests.fakes.band import BandForTests
from tests.fakes.slack_edge import Refusal
from tests.fakes.slack_running import running
from tests.fakes.slack_scene import QUICK, SONG, delivered, names, quick_mix


async def test_quick_mix_is_posted_at_once_and_replaced_by_the_full_one(edge, band):
    async with running(edge, band):
        quick = await quick_mix(edge, band)
        assert [element["action_id"] for element in quick["blocks"][1]["elements"]] == ["lnh.cancel"]
        band.composer.mix.set()
        await delivered(band, 1)
    (full,) = await edge.history()
    assert (full["ts"], names(full)) == (quick["ts"], SONG)
    assert await edge.api.content(full["files"][1]) == b"ID3"
    assert full["blocks"][1]["elements"][0]["action_id"] == "lnh.another"
    assert len(edge.calls_of("files.delete")) == 3


async def test_restart_between_quick_and_full_mix_ends_with_the_full_one_in_the_same_message(edge, band):
    async with running(edge, band):
        quick = await quick_mix(edge, band)
    (message,) = await edge.history()
    assert names(message) == QUICK
    reborn = BandForTests(songs=band.songs, answers=band.answers)
    async with running(edge, reborn) as adapter:
        await reborn.band().compose.recompose_pending(adapter.reply_for)
    (full,) = await edge.history()
    assert (full["ts"], names(full)) == (quick["ts"], SONG)


async def test_quick_mix_that_slack_does_not_let_us_replace_makes_room_for_a_new_message(edge, band):
    async with running(edge, band):
        quick = await quick_mix(edge, band)
        edge.refuse("chat.update", Refusal("internal_error"))
        band.composer.mix.set()
        await delivered(band, 1)
    (full,) = await edge.history()
    assert (full["ts"] != quick["ts"], names(full)) == (True, SONG)


async def test_song_comes_without_a_quick_mix_where_slack_takes_none(edge, band):
    band.composer.mix = asyncio.Event()
    band.composer.mix.set()
    edge.refuse("files.completeUploadExternal", Refusal("internal_error"))
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await delivered(band, 1)
    (full,) = await edge.history()
    assert names(full) == SONG


async def test_song_comes_in_full_where_changed_messages_do_not_get_their_files(edge, band):
    edge.api.deaf_updates = True
    band.composer.mix = asyncio.Event()
    band.composer.mix.set()
    async with running(edge, band):
        await edge.command("/compose", "metal")
        await delivered(band, 1)
    (full,) = await edge.history()
    assert names(full) == SONG
    assert len(edge.calls_of("files.delete")) == 3


async def test_song_cancelled_while_its_quick_mix_plays_is_taken_away(edge, band):
    async with running(edge, band):
        quick = await quick_mix(edge, band)
        await edge.click(quick)
        assert "Cancelled" in (await edge.responded())["text"]
    assert await edge.history() == []


async def test_quick_mix_that_somebody_deleted_does_not_come_back_in_full(edge, band):
    async with running(edge, band):
        quick = await quick_mix(edge, band)
        await edge.api.call("chat.delete", {"channel": quick["channel"], "ts": quick["ts"]}, "")
        band.composer.mix.set()
        await delivered(band, 1)
    assert await edge.history() == []
