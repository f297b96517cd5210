"""The whole bot between two real sockets: Discord on one side, the inference service on the other, SQLite between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import discord
import pytest
import simcord

from bot.app import run_bot
from bot.settings import Settings
from tests.fakes.discord_scene import files
from tests.fakes.discord_server import TOKEN, DiscordServer
from tests.fakes.engine import FakeEngine
from tests.fakes.service import running_service


@asynccontextmanager
async def running_bot(settings: Settings, server: DiscordServer) -> AsyncIterator[None]:
    identified = server.gateway.identified
    running = asyncio.create_task(run_bot(settings))
    try:
        await server.until(lambda: server.gateway.identified > identified)
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def song(server: DiscordServer, result: simcord.InteractionResult) -> simcord.ResponseMessage:
    return await server.until(lambda: result.response if result.response and files(result.response) else None)


async def test_compose_and_after_a_restart_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    async with running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as service, DiscordServer() as server:
        guild = await server.do(server.world.create_guild)
        channel = await server.do(lambda: guild.create_text_channel("music"))
        alice = await server.do(lambda: guild.add_member(server.world.create_user("alice")))
        settings = Settings(
            discord={"token": TOKEN, "api_base": server.api_base, "gateway_url": server.gateway_url},
            database={"url": f"sqlite+aiosqlite:///{tmp_path}/lnh.db"},
            inference={"url": str(service.client.make_url(""))},
        )

        async with running_bot(settings, server):
            asked = await server.do(lambda: alice.slash(channel, "compose", genre="metal", bars=8, tempo=150.0, seed=7))
            first = await song(server, asked)
        async with running_bot(settings, server):
            pressed = await server.do(lambda: alice.click(first, label="Another"))
            second = await song(server, pressed)

    assert "metal · 150 bpm" in first.content
    assert [name.rpartition(".")[2] for name in files(first)] == ["png", "mp3", "mid"]
    assert "metal · 150 bpm" in second.content
    assert "seed 7" in first.content
    assert "seed 7" not in second.content
