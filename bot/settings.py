"""Every setting of LnH: one frozen model per section, read once by `load_settings`.

The environment (`LNH_SECTION_NAME`) wins over `.env`, which wins over `configs/lnh.toml`, which wins over the
defaults written here. Tokens belong in the environment or in `.env`, never in the TOML file.

`LNH_CONFIGS` names a folder whose `lnh.toml`, `genres.toml` and `sounds.toml` are read in place of those that ship.
"""

import base64
import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from inference.music.beside import CRITIC_NAME, ORIGINALITY_NAME
from inference.music.spec import MAX_TAKES

HOUSE = Path(__file__).resolve().parent.parent
CONFIGS = HOUSE / "configs"  # in a checkout and in an installed package alike
CONFIG_FILE = CONFIGS / "lnh.toml"
GENRES_FILE = CONFIGS / "genres.toml"
OWN_CONFIGS = "LNH_CONFIGS"
CHECKPOINT_FOLDER = HOUSE / "inference" / "checkpoints"
SLACK_HTTP_PORT = 3000
_KEY_BYTES = 32

Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1, le=1024)]


class BadSettings(Exception):
    """A setting is missing or wrong; `str(error)` is one sentence that names it."""


def _keys(value: SecretStr | None) -> tuple[str, ...]:
    words = "" if value is None else value.get_secret_value()
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _is_key(text: str) -> bool:
    """Whether a text is 32 bytes in base64 of either alphabet."""
    try:
        return len(base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)) == _KEY_BYTES
    except ValueError:
        return False


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class DiscordSettings(_Section):
    """Discord is on when the token is set. The URLs are for proxies and tests; None is Discord's own."""

    token: SecretStr | None = None
    api_base: str | None = None
    gateway_url: str | None = None

    @property
    def is_wanted(self) -> bool:
        return self.token is not None

    def missing(self) -> str | None:
        """The sentence that names a missing setting; nothing can be missing beside the token."""
        return None


class SlackSettings(_Section):
    """Slack is on when one workspace's bot token is set, or the client id of an app that many workspaces install.

    Either comes over Socket Mode (app token) or HTTP (signing secret). `public_url` is where browsers reach us when
    somebody installs the app; None leaves that to the first redirect URL of the app. `token_key` are keys, separated by
    commas, that the tokens of workspaces are kept encrypted with: the first one encrypts, all are tried for reading.
    """

    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    public_url: str | None = None
    token_key: SecretStr | None = None
    api_base: str | None = None
    http_host: str = "127.0.0.1"
    http_port: Port | None = None

    @property
    def is_wanted(self) -> bool:
        """True as soon as any secret or the client id is set."""
        return any((self.bot_token, self.app_token, self.signing_secret, self.is_for_many))

    @property
    def is_for_many(self) -> bool:
        """Whether workspaces install the app themselves, each with a token of its own."""
        return any((self.client_id, self.client_secret))

    @property
    def mode(self) -> Literal["socket", "http"]:
        """Socket Mode when there is an app token, HTTP requests otherwise."""
        return "socket" if self.app_token is not None else "http"

    @property
    def listens(self) -> bool:
        """Whether there is a port to listen on: for Slack's requests, or for browsers of people who install."""
        return self.is_wanted and (self.mode == "http" or self.is_for_many)

    @property
    def port(self) -> int:
        """TCP port that is listened on."""
        return SLACK_HTTP_PORT if self.http_port is None else self.http_port

    @field_validator("token_key")
    @classmethod
    def _check_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if not all(map(_is_key, _keys(value))):
            raise PydanticCustomError(
                "key", "Each key is 32 random bytes in base64, such as `openssl rand -base64 32` prints"
            )
        return value

    @property
    def token_keys(self) -> tuple[str, ...]:
        """The keys that tokens are kept encrypted with, the newest first."""
        return _keys(self.token_key)

    def missing(self) -> str | None:
        """One sentence that names the setting with which, or without which, Slack cannot start, or None."""
        if not self.is_wanted:
            return None
        wrong = self._wrong_for_many() if self.is_for_many else self._wrong_for_one()
        if wrong is None and self.app_token is None and self.signing_secret is None:
            return "Slack needs LNH_SLACK_APP_TOKEN (xapp-…, Socket Mode) or LNH_SLACK_SIGNING_SECRET (HTTP)"
        return wrong

    def _wrong_for_one(self) -> str | None:
        if self.bot_token is None:
            return "Slack needs LNH_SLACK_BOT_TOKEN (xoxb-…) beside the secrets that are set"
        return None

    def _wrong_for_many(self) -> str | None:
        if self.bot_token is not None:
            return "set LNH_SLACK_BOT_TOKEN for one Slack workspace or LNH_SLACK_CLIENT_ID for many, not both"
        if self.client_id is None:
            return "Slack needs LNH_SLACK_CLIENT_ID beside LNH_SLACK_CLIENT_SECRET"
        if self.client_secret is None:
            return "Slack needs LNH_SLACK_CLIENT_SECRET beside LNH_SLACK_CLIENT_ID"
        if self.public_url is not None and not self.public_url.startswith("https://"):
            return "LNH_SLACK_PUBLIC_URL must begin with https://, for Slack sends browsers to no other address"
        return None


class InferenceSettings(_Section):
    """The service that makes the music: where the bot finds it (`url`) and how `lnh serve` runs it."""

    url: str = "http://127.0.0.1:8600"
    host: str = "127.0.0.1"
    port: Port = 8600
    checkpoint: Path | None = None
    originality: Path | None = None
    critic: Path | None = None
    slots: Count = 16
    takes: Annotated[int, Field(ge=1, le=MAX_TAKES)] = 4
    threads: Count = 1
    decoder: Literal["auto", "cuda", "native", "torch"] = "auto"
    queue_limit: Count = 64
    max_wait_s: Annotated[float, Field(gt=0)] = 600.0
    client_at_once: Count = 16
    client_hourly: Count | None = None
    replicas: Count = 1
    most_replicas: Count = 4
    render_workers: Count = 2
    soundfont: Path | None = None
    artifacts: Path = Path("var/songs")
    retention_h: Annotated[float, Field(gt=0)] = 24.0
    artifacts_mb: Annotated[int, Field(ge=1)] = 4096
    song_mb: Annotated[int, Field(ge=1)] = 512
    grace_s: Annotated[float, Field(ge=0, le=600)] = 30.0
    preview_s: Annotated[float, Field(ge=0)] = 5.0

    @property
    def checkpoint_file(self) -> Path:
        """The weights to load: the ones named, else the newest that ship with the code.

        Raises:
            BadSettings: there is no such file.
        """
        if self.checkpoint is not None:
            if not self.checkpoint.is_file():
                raise BadSettings(f"there is no checkpoint at {self.checkpoint} (LNH_INFERENCE_CHECKPOINT)")
            return self.checkpoint
        companions = (ORIGINALITY_NAME, CRITIC_NAME)
        # A second dot names what belongs to one checkpoint, such as its embedding space.
        shipped = sorted(
            file
            for file in CHECKPOINT_FOLDER.glob("*.safetensors")
            if file.name not in companions and "." not in file.stem
        )
        if not shipped:
            raise BadSettings(f"no checkpoint ships in {CHECKPOINT_FOLDER}; name one with LNH_INFERENCE_CHECKPOINT")
        return shipped[-1]

    @property
    def originality_file(self) -> Path | None:
        """The index of what the checkpoint learnt: the one named, else the one beside it, None if there is none.

        Raises:
            BadSettings: the one named or the checkpoint does not exist.
        """
        return self._companion(self.originality, ORIGINALITY_NAME, "index of originality")

    @property
    def critic_file(self) -> Path | None:
        """The critic of the checkpoint's songs, found like `originality_file`. Raises BadSettings."""
        return self._companion(self.critic, CRITIC_NAME, "critic")

    def _companion(self, named: Path | None, name: str, what: str) -> Path | None:
        if named is not None and not named.is_file():
            raise BadSettings(f"there is no {what} at {named} (LNH_INFERENCE_{what.split()[-1].upper()})")
        file = named or self.checkpoint_file.with_name(name)
        return file if file.is_file() else None


class StorageSettings(_Section):
    """Where requests, schedules and genre switches live: an SQLAlchemy URL with an async driver."""

    url: str = "sqlite+aiosqlite:///var/lnh.db"


class MusicSettings(_Section):
    """The genre catalogue; None is the one in the configuration folder."""

    genres: Path | None = None

    @property
    def genres_file(self) -> Path:
        """The one named, else as `config_file` finds it. Raises BadSettings."""
        return config_file(GENRES_FILE.name) if self.genres is None else self.genres

    @property
    def sounds_file(self) -> Path:
        """How each genre sounds. Raises BadSettings."""
        return config_file("sounds.toml")


class ConsoleSettings(_Section):
    """Where `lnh compose` and the chat in the terminal put songs."""

    out: Path = Path("out")


class LogSettings(_Section):
    """What is logged, to standard error. `auto` writes lines on a terminal and JSON elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


class Settings(BaseSettings):
    """All sections; the name of a section is the table in lnh.toml and the word after `LNH_`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="LNH_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
    )

    discord: DiscordSettings = DiscordSettings()
    slack: SlackSettings = SlackSettings()
    inference: InferenceSettings = InferenceSettings()
    database: StorageSettings = StorageSettings()
    music: MusicSettings = MusicSettings()
    console: ConsoleSettings = ConsoleSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The TOML file arrives as init values, below the environment."""
        return env_settings, dotenv_settings, init_settings


def config_file(name: str) -> Path:
    """A configuration file: the one in the folder that LNH_CONFIGS names, or where that has none, the one that ships.

    Raises:
        BadSettings: there is no such folder.
    """
    named = os.environ.get(OWN_CONFIGS)
    if not named:
        return CONFIGS / name
    if not Path(named).is_dir():
        raise BadSettings(f"there is no folder {named} ({OWN_CONFIGS})")
    own = Path(named) / name
    return own if own.exists() else CONFIGS / name


def load_settings(config: Path | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Reads all sources once; `config` is `lnh.toml` as `config_file` finds it, unless another one is named.

    Raises:
        BadSettings: a file cannot be read, or a setting is unknown or out of range; names the first such one.
    """
    config = config or config_file(CONFIG_FILE.name)
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8"))
        return Settings(_env_file=env_file, **table)  # type: ignore[call-arg]  # a parameter pydantic-settings adds
    except OSError as error:
        raise BadSettings(f"the settings file {config} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"the settings file {config} is not TOML: {error}") from error
    except ValidationError as error:
        raise BadSettings(_sentence(error)) from error


def variable(section: str, name: str) -> str:
    """The environment variable of a setting: `variable("slack", "api_base") == "LNH_SLACK_API_BASE"`."""
    return f"LNH_{section}_{name}".upper()


def _sentence(error: ValidationError) -> str:
    """The first problem in one sentence, without the value: it may be a secret."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = [str(part) for part in problem["loc"]]
    setting = ".".join(path)
    if setting == OWN_CONFIGS.lower():
        return f"{OWN_CONFIGS} belongs in the environment: by the time .env is read, it is too late for it"
    spelt = f"{setting} ({variable(*path[:2])})" if len(path) > 1 else setting
    if problem["type"] == "extra_forbidden":
        return f"there is no setting called {spelt}"
    reason = problem["msg"][0].lower() + problem["msg"][1:]
    return f"the setting {spelt} is wrong: {reason}"
