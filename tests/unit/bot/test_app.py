"""The composition root: which platforms play, and what happens when one cannot."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from adapters.storage import open_storage
from bot.app import chat_adapters, open_band, perform, read_catalogue
from bot.domain.request import SongRequest
from bot.domain.song import Song
from bot.ports import Messenger, Reply
from bot.services.band import Band
from bot.settings import (
    BadSettings,
    DiscordSettings,
    InferenceSettings,
    MusicSettings,
    Settings,
    SlackSettings,
    StorageSettings,
)
from tests.fakes.engine import FakeEngine
from tests.fakes.messenger import FakeMessenger
from tests.fakes.reply import FakeReply
from tests.fakes.service import running_service
from tests.fakes.songs import request_for

SECRET = SecretStr("not-a-token")


class AwaitedReply(FakeReply):
    """Says when a song has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()

    async def song(self, song: Song) -> None:
        await super().song(song)
        self.arrived.set()


class Platform:
    """Connects at once, and plays until the test calls `leave.set()`; or fails with `failure`."""

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        self.platform = name
        self.failure = failure
        self.reply = AwaitedReply()
        self.connected = asyncio.Event()
        self.leave = asyncio.Event()

    @property
    def messenger(self) -> Messenger:
        return FakeMessenger()

    async def run(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.connected.set()
        await self.leave.wait()

    def is_connected(self) -> bool:
        return self.connected.is_set()

    def reply_for(self, request: SongRequest) -> Reply | None:
        return self.reply


@pytest.fixture
async def band(tmp_path: Path) -> AsyncIterator[Band]:
    async with running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as service:
        settings = Settings(
            inference=InferenceSettings(url=str(service.client.make_url("/"))),
            database=StorageSettings(url=f"sqlite+aiosqlite:///{tmp_path}/lnh.db"),
        )
        async with open_band(settings, {}) as opened:
            yield opened


def _platforms(settings: Settings, band: Band) -> list[str]:
    return [platform.platform for platform in chat_adapters(settings, band)]


async def test_without_tokens_the_terminal_plays(band: Band) -> None:
    assert _platforms(Settings(), band) == ["console"]


async def test_every_platform_with_its_tokens_plays(band: Band) -> None:
    slack = SlackSettings(bot_token=SECRET, app_token=SECRET)
    assert _platforms(Settings(discord=DiscordSettings(token=SECRET), slack=slack), band) == ["discord", "slack"]


async def test_a_slack_app_that_many_workspaces_install_plays_without_a_bot_token(band: Band) -> None:
    slack = SlackSettings(client_id="1.2", client_secret=SECRET, signing_secret=SECRET)
    assert _platforms(Settings(slack=slack), band) == ["slack"]


async def test_a_half_configured_platform_is_left_out_and_the_others_play(band: Band) -> None:
    settings = Settings(discord=DiscordSettings(token=SECRET), slack=SlackSettings(bot_token=SECRET))
    with capture_logs() as logs:
        assert _platforms(settings, band) == ["discord"]
    assert "LNH_SLACK_APP_TOKEN" in logs[0]["reason"]


async def test_slack_tokens_that_no_key_opens_are_told_at_the_start(tmp_path: Path) -> None:
    database = StorageSettings(url=f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    key = SecretStr("A" * 43 + "=")
    storage = await open_storage(database.url, [key.get_secret_value()])
    await storage.installations.save("slack", "T1", "tokens")
    await storage.close()
    slack = SlackSettings(client_id="1.2", client_secret=SECRET, app_token=SECRET)

    async def told(slack: SlackSettings) -> list[str]:
        with capture_logs() as logs:
            async with open_band(Settings(database=database, slack=slack), {}):
                pass
        return [entry["reason"] for entry in logs if entry["log_level"] == "error"]

    (sentence,) = await told(slack)
    assert sentence.startswith("the tokens of 1 Slack workspace are encrypted with a key that LNH_SLACK_TOKEN_KEY")
    assert await told(slack.model_copy(update={"token_key": key})) == []
    assert await told(SlackSettings()) == []


async def test_only_a_half_configured_platform_is_an_error_that_names_the_setting(band: Band) -> None:
    with pytest.raises(BadSettings, match="LNH_SLACK_APP_TOKEN"):
        chat_adapters(Settings(slack=SlackSettings(bot_token=SECRET)), band)


async def test_one_platform_with_a_bad_token_is_named_and_does_not_stop_the_other(band: Band) -> None:
    bad, good = Platform("slack", BadSettings("Slack does not accept LNH_SLACK_BOT_TOKEN")), Platform("discord")
    with capture_logs() as logs:
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(perform(band, [bad, good]))
            await good.connected.wait()
            assert not playing.done()
            good.leave.set()
    assert "LNH_SLACK_BOT_TOKEN" in logs[0]["reason"]


async def test_when_no_platform_can_play_each_reason_is_told(band: Band, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = BadSettings("Discord does not accept LNH_DISCORD_TOKEN")
    grouped = ExceptionGroup("tasks", [ExceptionGroup("more", [BadSettings("port 3000 is taken")])])
    with capture_logs() as logs, pytest.raises(BadSettings) as caught:
        await perform(band, [Platform("discord", wrong), Platform("slack", grouped)])
    assert {logs[0]["reason"], str(caught.value)} == {str(wrong), "port 3000 is taken"}


async def test_a_defect_of_the_only_platform_is_raised_as_it_is(band: Band) -> None:
    with pytest.raises(ZeroDivisionError):
        await perform(band, [Platform("discord", ZeroDivisionError("oops"))])


async def test_songs_another_process_left_behind_are_delivered_where_they_were_asked_for(
    band: Band, tmp_path: Path
) -> None:
    other = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    await other.songs.accept(request_for("left-behind"))  # on discord
    await other.close()
    discord, slack = Platform("discord"), Platform("slack")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(perform(band, [discord, slack]))
        await discord.reply.arrived.wait()
        discord.leave.set()
        slack.leave.set()
    assert [song.id for song in discord.reply.songs] == ["left-behind"]
    assert slack.reply.songs == []


def test_a_catalogue_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    genres = tmp_path / "genres.toml"
    genres.write_text('[metal]\ntitle = "Metal"\n')
    with pytest.raises(BadSettings, match=r"genres\.toml cannot be read"):
        read_catalogue(MusicSettings(genres=genres))
    with pytest.raises(BadSettings, match=r"absent\.toml cannot be read"):
        read_catalogue(MusicSettings(genres=tmp_path / "absent.toml"))
