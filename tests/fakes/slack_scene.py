"""A Slack workspace, the band that plays there, and what is often waited for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fakes.band import BandForTests
from tests.fakes.slack_api import SlackApi
from tests.fakes.slack_edge import Actor, SlackEdge
from tests.fakes.slack_running import running

UPLOADED = "files.completeUploadExternal"
MODES = ("socket", "http")
SONG = ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
QUICK = ["iron-harvest.png", "iron-harvest-quick.mp3", "iron-harvest.mid"]


@pytest.fixture
def band() -> BandForTests:
    return BandForTests()


@pytest.fixture
async def edge() -> AsyncIterator[SlackEdge]:
    async with SlackEdge(SlackApi()).serve() as edge:
        yield edge


@pytest.fixture
def admin(edge: SlackEdge) -> Actor:
    here = edge.api.workspace
    return Actor(here.team, here.channel, here.admin, "ada")


async def quick_mix(edge, band):
    """A song that is asked for and can be heard as a quick mix; the full one waits for `composer.mix`."""
    band.composer.mix = asyncio.Event()
    await edge.command("/compose", "metal")
    await edge.until(lambda: any("quick mix" in call["text"] for call in section_texts(edge)))
    async with asyncio.timeout(10):
        while not any(" " in note for note in band.answers.notes.values()):  # noqa: ASYNC110  # nor this for a note
            await asyncio.sleep(0.01)
    (message,) = await edge.history()
    assert names(message) == QUICK
    return message


def section_texts(edge):
    return [block["text"] for call in edge.calls_of("chat.update") for block in call["blocks"] if "text" in block]


def names(message):
    return [file["name"] for file in message["files"]]


async def delivered(band, songs):
    """Waits until so many songs are marked as delivered, which is after the last call to Slack."""
    async with asyncio.timeout(10):
        while len(band.songs.done) < songs:  # noqa: ASYNC110  # the fake storage has no event for it
            await asyncio.sleep(0.01)


async def song_of(edge, band):
    async with running(edge, band):
        await edge.command("/compose", "metal 140bpm")
        await delivered(band, 1)
    (song,) = await edge.history()
    return song
