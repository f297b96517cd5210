"""A Discord server with a channel and two people, and the band that plays there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import discord
import pytest
import simcord
from pydantic import SecretStr

from adapters.discord.adapter import DiscordAdapter
from bot.domain.request import Place
from bot.settings import DiscordSettings
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import files
from tests.fakes.discord_server import TOKEN, DiscordServer, put_addresses_back

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
    put_addresses_back(monkeypatch)
    async with DiscordServer() as server:
        guild = await server.do(lambda: server.world.create_guild("Rehearsal room"))
        channel = await server.do(lambda: guild.create_text_channel("music"))
        manage = discord.Permissions(manage_guild=True)
        managers = await server.do(lambda: guild.create_role("Managers", permissions=manage))
        alice = await server.do(lambda: guild.add_member(server.world.create_user("alice")))
        boss = await server.do(lambda: guild.add_member(server.world.create_user("boss"), roles=[managers]))
        yield Stage(server, Rehearsal(), guild, channel, alice, boss)


async def quick_mix(stage: Stage) -> simcord.InteractionResult:
    """A song that is asked for and can be heard as a quick mix; the full one waits for `composer.mix`."""
    stage.rehearsal.composer.mix = asyncio.Event()
    result = await stage.slash(stage.alice, "compose", genre="metal")
    assert files(await stage.song(result)) == QUICK
    return result


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
