"""The whole bot between two real sockets: Discord on one side, the inference service on the other, SQLite between."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import simcord

from bot.app import run_bot
from bot.settings import Settings
from tests.fakes.discord_scene import files
from tests.fakes.discord_server import TOKEN, DiscordServer, put_addresses_back
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import AT_ONCE, Service, running_service


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


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    put_addresses_back(monkeypatch)


def settings_for(folder: Path, server: DiscordServer, service: Service) -> Settings:
    return Settings(
        discord={"token": TOKEN, "api_base": server.api_base, "gateway_url": server.gateway_url},
        database={"url": f"sqlite+aiosqlite:///{folder}/lnh.db"},
        inference={"url": str(service.client.make_url(""))},
    )


async def test_compose_and_after_a_restart_another(tmp_path: Path) -> None:
    async with running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as service, DiscordServer() as server:
        guild = await server.do(server.world.create_guild)
        channel = await server.do(lambda: guild.create_text_channel("music"))
        alice = await server.do(lambda: guild.add_member(server.world.create_user("alice")))
        settings = settings_for(tmp_path, server, service)

        async with running_bot(settings, server):
            asked = await server.do(lambda: alice.slash(channel, "compose", genre="metal", bars=8, tempo=150.0, seed=7))
            first = await song(server, asked)
        async with running_bot(settings, server):
            pressed = await server.do(lambda: alice.click(first, label="Another"))
            second = await song(server, pressed)

    assert "metal · 150 bpm" in first.content
    assert [name.rpartition(".")[2] for name in files(first)] == ["png", "mp3", "mid"]
    assert "metal · 150 bpm" in second.content
    (seed,), (other,) = (re.findall(r"seed (\d+)", message.content) for message in (first, second))
    assert seed == "7"
    assert other != seed


async def test_a_long_mix_is_heard_quickly_and_a_bot_that_restarts_meanwhile_puts_the_full_one_in_its_place(
    tmp_path: Path,
) -> None:
    renderer, limits = FakeRenderer(held=True), replace(AT_ONCE, preview_after_s=0.0)
    async with (
        running_service(tmp_path / "songs", engine=FakeEngine(free=True), renderer=renderer, limits=limits) as service,
        DiscordServer() as server,
    ):
        guild = await server.do(server.world.create_guild)
        channel = await server.do(lambda: guild.create_text_channel("music"))
        alice = await server.do(lambda: guild.add_member(server.world.create_user("alice")))
        settings = settings_for(tmp_path, server, service)

        async with running_bot(settings, server):
            asked = await server.do(lambda: alice.slash(channel, "compose", genre="metal", bars=8))
            quick = await song(server, asked)
            assert files(quick)[1].endswith("-quick.mp3")
        async with running_bot(settings, server):
            renderer.release()
            full = await server.until(lambda: asked.response if "quick" not in files(asked.response)[1] else None)

    assert full.id == quick.id
    assert [name.rpartition(".")[2] for name in files(full)] == ["png", "mp3", "mid"]
