"""Whoever is asked to stop stops within seconds, whatever Discord is doing at that moment."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordAdapter
from bot.settings import DiscordSettings
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_server import TOKEN, DiscordServer, put_addresses_back

ROOT = Path(__file__).parents[2]
WITHIN_S = 10.0  # of a machine that has other things to do; none of it is waiting
MOMENTS = 24


@pytest.fixture(autouse=True)
def _addresses_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    put_addresses_back(monkeypatch)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as discord_server:
        yield discord_server


def start(server: DiscordServer) -> asyncio.Task[None]:
    settings = {"token": TOKEN, "api_base": server.api_base, "gateway_url": server.gateway_url}
    return asyncio.create_task(DiscordAdapter(DiscordSettings.model_validate(settings), Rehearsal().band()).run())


async def stop(running: asyncio.Task[None]) -> None:
    """Asks once, as a signal does; fails if that is not enough."""
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=WITHIN_S)
    assert done
    assert running.cancelled()


@pytest.mark.parametrize("where", ["login", "hello", "ready"])
async def test_a_stop_is_heard_while_discord_keeps_silent(server: DiscordServer, where: str) -> None:
    server.gateway.stalls.add(where)
    running = start(server)
    await server.until(lambda: where in server.gateway.stalled)
    await stop(running)


@pytest.mark.parametrize("why", ["asked", "dropped"])
async def test_a_stop_is_heard_while_it_connects_again(server: DiscordServer, why: str) -> None:
    running = start(server)
    await server.until(lambda: server.gateway.is_connected)
    server.gateway.stalls.add("hello")
    await server.do(server.gateway.ask_to_reconnect if why == "asked" else server.gateway.drop)
    await server.until(lambda: "hello" in server.gateway.stalled)
    await stop(running)


async def test_a_discord_that_never_says_goodbye_is_not_waited_for(server: DiscordServer) -> None:
    server.gateway.stalls.add("close")
    running = start(server)
    await server.until(lambda: server.gateway.is_connected)
    await stop(running)


async def test_a_stop_is_heard_at_any_moment_of_connecting(server: DiscordServer) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    running = start(server)
    await server.until(lambda: server.gateway.is_connected)
    whole_s = loop.time() - begun
    await stop(running)
    for moment in range(MOMENTS):
        running = start(server)
        await asyncio.sleep(whole_s * 1.2 * moment / MOMENTS)
        await stop(running)


@pytest.mark.parametrize("is_again", [False, True])
async def test_the_program_ends_well_within_seconds_of_a_sigterm(
    server: DiscordServer, tmp_path: Path, *, is_again: bool
) -> None:
    addresses = {"API_BASE": server.api_base, "GATEWAY_URL": server.gateway_url, "TOKEN": TOKEN}
    environment = os.environ | {f"LNH_DISCORD_{name}": value for name, value in addresses.items()}
    environment |= {"LNH_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/lnh.db"}
    if not is_again:
        server.gateway.stalls.add("ready")
    program = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "bot", cwd=ROOT, env=environment)
    try:
        async with asyncio.timeout(60):
            if is_again:
                while not server.gateway.is_connected:  # noqa: ASYNC110  # `until` has less patience
                    await asyncio.sleep(0.05)
                server.gateway.stalls.add("hello")
                await server.do(server.gateway.ask_to_reconnect)
            while not server.gateway.stalled:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WITHIN_S):
            assert await program.wait() == 0
    finally:
        with suppress(ProcessLookupError):
            program.kill()
