"""A bot in simcord's Discord: one server, one channel, a member and a manager."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import discord
import pytest
import simcord
from structlog.testing import capture_logs

from adapters.discord.adapter import make_client
from adapters.discord.client import BandClient
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import Scene


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Logs are kept, not printed: structlog's own tracebacks with all locals take seconds."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def rehearsal() -> Rehearsal:
    return Rehearsal()


@pytest.fixture
def simcord_bot(rehearsal: Rehearsal) -> BandClient:
    return make_client(rehearsal.band(), shard_count=1)


@pytest.fixture
async def scene(simcord_env: simcord.Env, rehearsal: Rehearsal) -> Scene:
    guild = simcord_env.create_guild("Rehearsal room")
    channel = guild.create_text_channel("music")
    managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    alice = guild.add_member(simcord_env.create_user("alice"))
    boss = guild.add_member(simcord_env.create_user("boss"), roles=[managers])
    scene = Scene(simcord_env, guild, channel, alice, boss)
    rehearsal.messengers["discord"] = scene.client.channels
    return scene
