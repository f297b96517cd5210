"""`lnh doctor` says what would go wrong before it does."""

import asyncio
from pathlib import Path

import pytest

from adapters.storage import open_storage
from bot.commands import doctor
from bot.commands.doctor import Level, examine
from bot.settings import Settings, SlackSettings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a machine on which nothing is set, and whose folders are new."""
    monkeypatch.chdir(tmp_path)
    return Settings()


def found(settings: Settings, subject: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Level, str]]:
    """What the check that speaks of `subject` finds."""
    monkeypatch.setattr(doctor, "_CHECKS", [check for check in doctor._CHECKS if check.__name__ == f"_{subject}"])
    return [(finding.level, finding.text) for finding in examine(settings)]


def test_a_checkpoint_that_is_damaged_is_bad(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half.safetensors").write_bytes(settings.inference.checkpoint_file.read_bytes()[:5000])
    inference = settings.inference.model_copy(update={"checkpoint": tmp_path / "half.safetensors"})
    ((level, text),) = found(settings.model_copy(update={"inference": inference}), "checkpoint", monkeypatch)
    assert level is Level.BAD
    assert "half.safetensors" in text


def test_the_checkpoint_is_named_as_recipes_name_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ((level, text),) = found(settings, "checkpoint", monkeypatch)
    assert level is Level.OK
    assert settings.inference.checkpoint_file.name in text


@pytest.mark.parametrize(("decoder", "level"), [("auto", Level.NOTE), ("native", Level.BAD)])
def test_a_machine_without_a_compiler_hears_why_it_will_be_slow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, decoder: str, level: Level
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    inference = settings.inference.model_copy(update={"decoder": decoder})
    monkeypatch.setattr(doctor, "_has_card", lambda: False)
    ((seen, text),) = found(settings.model_copy(update={"inference": inference}), "decoder", monkeypatch)
    assert (seen, "no C++ compiler" in text, "g++" in text) == (level, True, True)


def test_a_service_elsewhere_that_does_not_answer_is_bad_for_nobody_else_starts_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    inference = settings.inference.model_copy(update={"url": "http://nowhere.invalid:8600"})
    ((level, text),) = found(settings.model_copy(update={"inference": inference}), "service", monkeypatch)
    assert level is Level.BAD
    assert "lnh serve" in text


def test_files_whose_packages_are_missing_are_told_with_the_way_to_get_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_EXTRAS", {"score": ("json", "no_such_package")})
    ((level, text),) = found(settings, "extras", monkeypatch)
    assert level is Level.NOTE
    assert text == "no no_such_package, so those files are left out; pip install 'lnh-band[score]'"


async def test_how_the_tokens_of_slack_workspaces_lie_in_the_database_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = ("A" * 43 + "=", "B" * 42 + "A=")

    async def told(keys: str | None) -> list[tuple[Level, str]]:
        app = {"client_id": "1.2", "client_secret": "x", "app_token": "x", "token_key": keys}
        chosen = settings.model_copy(update={"slack": SlackSettings.model_validate(app)})
        return await asyncio.to_thread(found, chosen, "slack_key", monkeypatch)

    async def kept(*keys: str) -> None:
        storage = await open_storage(settings.database.url, keys)
        await storage.installations.save("slack", f"T{len(keys)}", "{}")
        await storage.close()

    assert await asyncio.to_thread(found, settings, "slack_key", monkeypatch) == []
    await kept()
    ((level, text),) = await told(None)
    assert level is Level.NOTE
    assert "no LNH_SLACK_TOKEN_KEY" in text
    assert await told(key) == [
        (Level.OK, "tokens are encrypted, those of 0 workspace(s), 1 more from the next start on")
    ]
    await kept(key)
    assert await told(key) == [(Level.OK, "tokens are encrypted, those of 2 workspace(s)")]
    for keys in (other, None):
        ((level, text),) = await told(keys)
        assert level is Level.BAD
        assert (
            "the tokens of 2 Slack workspaces are encrypted with a key that LNH_SLACK_TOKEN_KEY does not hold" in text
        )
    assert await told(f"{other},{key}") == [(Level.OK, "tokens are encrypted, those of 2 workspace(s)")]
