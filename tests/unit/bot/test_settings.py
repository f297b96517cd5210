"""Settings: where they come from, what wins, and that the documents tell the truth about them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from bot.settings import (
    CONFIG_FILE,
    CONFIGS,
    HOUSE,
    BadSettings,
    InferenceSettings,
    MusicSettings,
    Settings,
    SlackSettings,
    load_settings,
    variable,
)

SECTIONS: dict[str, BaseModel] = {name: getattr(Settings(), name) for name in Settings.model_fields}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("LNH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _settings() -> Iterator[tuple[str, str, object]]:
    for section, model in SECTIONS.items():
        for name in type(model).model_fields:
            yield section, name, getattr(model, name)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def test_lnh_toml_documents_every_setting_with_its_true_default() -> None:
    written = tomllib.loads(CONFIG_FILE.read_text("utf-8"))
    unset = tomllib.loads(re.sub(r"(?m)^#(?=[a-z_]+ = )", "", CONFIG_FILE.read_text("utf-8")))
    assert set(unset) == set(SECTIONS)
    for section, name, default in _settings():
        if default is None:
            assert name in unset[section], f"{section}.{name} is not documented"
            assert name not in written.get(section, {}), f"{section}.{name} has no default"
        else:
            assert written[section][name] == _plain(default), f"{section}.{name}"
    documented = {(section, name) for section, table in unset.items() for name in table}
    assert documented == {(section, name) for section, name, _ in _settings()}


def test_env_example_names_every_secret_and_nothing_unknown() -> None:
    named = set(re.findall(r"(?m)^(LNH_\w+)=", (HOUSE / ".env.example").read_text("utf-8")))
    secrets = {
        variable(section, name)
        for section, model in SECTIONS.items()
        for name, field in type(model).model_fields.items()
        if field.annotation == SecretStr | None
    }
    assert named == secrets


def test_an_untouched_env_example_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((HOUSE / ".env.example").read_text("utf-8"))
    assert load_settings() == Settings()


def test_environment_wins_over_dotenv_over_toml_over_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "lnh.toml"
    config.write_text("[inference]\nslots = 2\nthreads = 2\nqueue_limit = 2\n")
    (tmp_path / ".env").write_text("LNH_INFERENCE_SLOTS=3\nLNH_INFERENCE_THREADS=3\n")
    monkeypatch.setenv("LNH_INFERENCE_SLOTS", "4")
    inference = load_settings(config).inference
    assert (inference.slots, inference.threads, inference.queue_limit, inference.render_workers) == (4, 3, 2, 2)


@pytest.mark.parametrize(
    ("name", "section", "field"),
    [
        ("LNH_DISCORD_API_BASE", "discord", "api_base"),
        ("LNH_DISCORD_GATEWAY_URL", "discord", "gateway_url"),
        ("LNH_SLACK_API_BASE", "slack", "api_base"),
        ("LNH_INFERENCE_URL", "inference", "url"),
        ("LNH_DATABASE_URL", "database", "url"),
    ],
)
def test_every_promised_variable_is_read(monkeypatch: pytest.MonkeyPatch, name: str, section: str, field: str) -> None:
    monkeypatch.setenv(name, "http://somewhere")
    assert getattr(getattr(load_settings(), section), field) == "http://somewhere"


def test_secrets_are_read_and_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_DISCORD_TOKEN", "very-secret")
    settings = load_settings()
    assert settings.discord.token is not None
    assert settings.discord.token.get_secret_value() == "very-secret"
    assert "very-secret" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LNH_INFERENCE_SLOTS", "many", "the setting inference.slots (LNH_INFERENCE_SLOTS) is wrong"),
        ("LNH_SLACK_HTTP_PORT", "70000", "the setting slack.http_port (LNH_SLACK_HTTP_PORT) is wrong"),
        ("LNH_DISCORD_TOKN", "x", "there is no setting called discord.tokn (LNH_DISCORD_TOKN)"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=re.escape(sentence)) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_a_broken_or_absent_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("slots =")
    with pytest.raises(BadSettings, match=r"broken\.toml is not TOML"):
        load_settings(tmp_path / "broken.toml")
    with pytest.raises(BadSettings, match=r"absent\.toml cannot be read"):
        load_settings(tmp_path / "absent.toml")


def test_a_folder_of_your_own_wins_file_by_file_over_what_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("LNH_CONFIGS", str(own))
    assert load_settings() == Settings()
    for name in ("lnh.toml", "genres.toml", "sounds.toml"):
        (own / name).write_text("[inference]\nslots = 2\n")
    assert load_settings().inference.slots == 2
    assert (MusicSettings().genres_file, MusicSettings().sounds_file) == (own / "genres.toml", own / "sounds.toml")
    (own / "sounds.toml").unlink()
    assert MusicSettings().sounds_file == CONFIGS / "sounds.toml"
    assert MusicSettings(genres=tmp_path / "mine.toml").genres_file == tmp_path / "mine.toml"


def test_a_folder_of_your_own_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_CONFIGS", "nowhere")
    with pytest.raises(BadSettings, match=r"no folder nowhere \(LNH_CONFIGS\)"):
        load_settings()


def test_a_folder_of_your_own_cannot_be_named_in_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LNH_CONFIGS=own\n")
    with pytest.raises(BadSettings, match="LNH_CONFIGS belongs in the environment"):
        load_settings()


def test_a_partly_configured_slack_names_what_is_missing() -> None:
    secret = SecretStr("x")
    assert SlackSettings().missing() is None
    assert "LNH_SLACK_APP_TOKEN" in (SlackSettings(bot_token=secret).missing() or "")
    assert "LNH_SLACK_SIGNING_SECRET" in (SlackSettings(bot_token=secret).missing() or "")
    assert "LNH_SLACK_BOT_TOKEN" in (SlackSettings(app_token=secret).missing() or "")
    assert SlackSettings(bot_token=secret, app_token=secret).missing() is None
    assert SlackSettings(bot_token=secret, signing_secret=secret).missing() is None


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"client_id": "1.2"}, "needs LNH_SLACK_CLIENT_SECRET beside"),
        ({"client_secret": "made-up"}, "needs LNH_SLACK_CLIENT_ID beside"),
        ({"client_id": "1.2", "client_secret": "made-up"}, "LNH_SLACK_SIGNING_SECRET"),
        ({"client_id": "1.2", "client_secret": "made-up", "bot_token": "xoxb", "app_token": "xapp"}, "not both"),
        ({"client_id": "1.2", "client_secret": "made-up", "app_token": "x", "public_url": "http://us"}, "PUBLIC_URL"),
    ],
)
def test_a_slack_for_many_workspaces_that_cannot_work_is_one_sentence(chosen: dict[str, str], named: str) -> None:
    sentence = SlackSettings.model_validate(chosen).missing() or ""
    assert named in sentence
    assert "made-up" not in sentence


def test_a_slack_for_many_workspaces_listens_in_either_mode() -> None:
    app = {"client_id": "1.2", "client_secret": "made-up", "public_url": "https://lnh.example"}
    for way in ({"app_token": "xapp"}, {"signing_secret": "made-up"}):
        settings = SlackSettings.model_validate(app | way)
        assert (settings.missing(), settings.is_for_many, settings.listens) == (None, True, True)
    assert not SlackSettings.model_validate({"bot_token": "xoxb", "app_token": "xapp"}).listens


def test_keys_of_slack_tokens_are_several_in_either_alphabet(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, safe = "+/" * 21 + "8=", "-_" * 21 + "8="
    monkeypatch.setenv("LNH_SLACK_TOKEN_KEY", f"{plain}, {safe},")
    slack = load_settings(env_file=None).slack
    assert slack.token_keys == (plain, safe)
    assert not slack.is_wanted
    assert plain not in slack.model_dump_json()
    assert SlackSettings().token_keys == ()


@pytest.mark.parametrize("text", ["made-up", "A" * 44, "A" * 40, "é" * 44, f"{'A' * 43}=,made-up"])
def test_a_key_of_slack_tokens_that_is_none_is_one_sentence_without_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNH_SLACK_TOKEN_KEY", text)
    with pytest.raises(BadSettings) as refusal:
        load_settings(env_file=None)
    assert str(refusal.value) == (
        "the setting slack.token_key (LNH_SLACK_TOKEN_KEY) is wrong: each key is 32 random bytes in base64,"
        " such as `openssl rand -base64 32` prints"
    )


def test_slack_prefers_socket_mode_and_has_a_port_otherwise() -> None:
    secret = SecretStr("x")
    assert SlackSettings(bot_token=secret, app_token=secret, signing_secret=secret).mode == "socket"
    assert SlackSettings(bot_token=secret, signing_secret=secret).mode == "http"
    assert SlackSettings(http_port=0).port == 0
    assert SlackSettings().port == 3000


@pytest.mark.parametrize(("setting", "name"), [("originality", "originality"), ("critic", "critic")])
def test_what_belongs_to_a_checkpoint_is_found_beside_it(setting: str, name: str, tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    weights.touch()
    alone = InferenceSettings(checkpoint=weights)
    assert getattr(alone, f"{setting}_file") is None
    beside = tmp_path / f"{name}.safetensors"
    beside.touch()
    assert getattr(alone, f"{setting}_file") == beside
    missing = InferenceSettings.model_validate({"checkpoint": weights, setting: tmp_path / "none"})
    with pytest.raises(BadSettings, match=rf"at .*none \(LNH_INFERENCE_{setting.upper()}\)"):
        getattr(missing, f"{setting}_file")


def test_what_stands_beside_a_checkpoint_is_not_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.settings.CHECKPOINT_FOLDER", tmp_path)
    for name in ("core-6", "core-6.latent", "critic", "originality"):
        (tmp_path / f"{name}.safetensors").touch()
    assert InferenceSettings().checkpoint_file.name == "core-6.safetensors"
