"""The whole bot on several platforms at once, over real sockets, with an engine that needs no model."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import run_bot
from bot.settings import BadSettings, DiscordSettings, InferenceSettings, Settings, StorageSettings
from tests.fakes.discord_server import DiscordServer, put_addresses_back
from tests.fakes.engine import FakeEngine
from tests.fakes.service import Service, running_service
from tests.fakes.slack_api import SlackApi
from tests.fakes.slack_edge import SlackEdge
from tests.fakes.slack_running import settings_for


@pytest.fixture(autouse=True)
def _discord_addresses_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    put_addresses_back(monkeypatch)


def _settings(folder: Path, service: Service, server: DiscordServer) -> Settings:
    return Settings(
        discord=DiscordSettings.model_validate(
            {"token": "a-wrong-token", "api_base": server.api_base, "gateway_url": server.gateway_url}
        ),
        database=StorageSettings(url=f"sqlite+aiosqlite:///{folder}/lnh.db"),
        inference=InferenceSettings(url=str(service.client.make_url("/"))),
    )


async def test_a_token_discord_does_not_accept_is_named_and_slack_plays_on(tmp_path: Path) -> None:
    async with (
        running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as service,
        DiscordServer() as server,
        SlackEdge(SlackApi()).serve() as edge,
    ):
        settings = _settings(tmp_path, service, server).model_copy(update={"slack": settings_for(edge, "socket")})
        with capture_logs() as logs:
            running = asyncio.create_task(run_bot(settings))
            await edge.connected()
            await edge.command("/compose", "metal 150bpm 8 bars seed 7")
            await edge.called("chat.delete")
            (message,) = await edge.history()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    assert [file["name"].rpartition(".")[2] for file in message["files"]] == ["png", "mp3", "mid"]
    assert service.engine.submitted[0].spec.tempo == 150
    assert [entry["reason"] for entry in logs if entry["event"] == "platform left out"] == [
        "Discord does not accept LNH_DISCORD_TOKEN"
    ]


async def test_a_wrong_token_alone_ends_the_bot_with_its_setting_named(tmp_path: Path) -> None:
    async with running_service(tmp_path / "songs") as service, DiscordServer() as server:
        with pytest.raises(BadSettings, match="Discord does not accept LNH_DISCORD_TOKEN"):
            await run_bot(_settings(tmp_path, service, server))
