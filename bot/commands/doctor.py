"""`lnh doctor`: checks everything the band needs on this machine."""

import asyncio
import importlib
import importlib.util
import json
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from bot.commands.look import masked
from bot.commands.machine import LOOPBACK
from bot.commands.prepare import quietly_prepared_settings
from bot.settings import BadSettings, Settings
from inference.music.genre import load_catalogue

_MIB = 2**20
_ENOUGH_DISK_BYTES = 500 * _MIB
_EXTRAS = {"score": ("typst", "verovio"), "video": ("av",)}


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `bad` keeps the band from playing, `note` is only worth knowing."""

    level: Level
    subject: str
    text: str


Check = Callable[[Settings], Iterator[Finding]]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of text.")] = False,
) -> None:
    """Check this machine: Python, torch, checkpoint, decoder, sounds, ports, tokens, database and disk."""
    findings = examine(quietly_prepared_settings())
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding.level:<5} {finding.subject:<11} {finding.text}")
    if any(finding.level is Level.BAD for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> list[Finding]:
    """All checks in order."""
    return [finding for check in _CHECKS for finding in check(settings)]


def _python(_settings: Settings) -> Iterator[Finding]:
    level = Level.OK if sys.version_info >= (3, 11) else Level.BAD
    yield Finding(level, "python", f"{platform.python_version()} (3.11 or newer is needed)")


def _torch(settings: Settings) -> Iterator[Finding]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:  # OSError: a wheel whose shared libraries do not load
        yield Finding(Level.BAD, "torch", f"cannot be imported: {error}; `make compose` installs it")
        return
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    yield Finding(Level.OK, "torch", f"{torch.__version__} on {device}, {settings.inference.threads} thread(s)")


def _checkpoint(settings: Settings) -> Iterator[Finding]:
    from inference.model.errors import CheckpointError
    from inference.model.stored import checkpoint_hash, read_checkpoint

    try:
        path = settings.inference.checkpoint_file
        read_checkpoint(path)
        yield Finding(
            Level.OK, "checkpoint", f"{path.name} ({checkpoint_hash(path)}), {path.stat().st_size / _MIB:.0f} MiB"
        )
    except (BadSettings, CheckpointError) as error:
        yield Finding(Level.BAD, "checkpoint", str(error))


def _decoder(settings: Settings) -> Iterator[Finding]:
    """Which decoder will be used; compiles the native one if it is not yet."""
    from inference.engine.native.build import library
    from inference.engine.native.errors import NativeUnavailable

    wanted = settings.inference.decoder
    if wanted == "cuda" or (wanted == "auto" and _has_card()):
        yield from _card(settings)
    if wanted == "torch":
        yield Finding(Level.NOTE, "decoder", "torch, because the settings say so; the native step is much faster")
    if wanted not in ("auto", "native"):
        return
    try:
        library()
    except NativeUnavailable as error:
        level, then = (Level.BAD, "") if wanted == "native" else (Level.NOTE, ", so torch writes, which is much slower")
        yield Finding(level, "decoder", f"{error}{then}; a C++ compiler such as g++ makes it fast")
        return
    yield Finding(Level.OK, "decoder", "the native step is built for this processor")


def _has_card() -> bool:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError):  # which has a finding of its own
        return False
    return bool(torch.cuda.is_available())


def _card(settings: Settings) -> Iterator[Finding]:
    from inference.engine import load_runner
    from inference.engine.native.errors import NativeUnavailable
    from inference.model.errors import CheckpointError

    inference = settings.inference
    try:
        load_runner(inference.checkpoint_file, inference.slots, inference.threads, "cuda")
    except (BadSettings, CheckpointError, NativeUnavailable) as error:
        yield Finding(Level.BAD if inference.decoder == "cuda" else Level.NOTE, "decoder", str(error))
        return
    yield Finding(Level.OK, "decoder", "the CUDA card takes the model")


def _extras(_settings: Settings) -> Iterator[Finding]:
    for extra, packages in _EXTRAS.items():
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing:
            yield Finding(
                Level.NOTE,
                extra,
                f"no {' or '.join(missing)}, so those files are left out; pip install 'lnh-band[{extra}]'",
            )
        else:
            yield Finding(Level.OK, extra, "can be made")


def _genres(settings: Settings) -> Iterator[Finding]:
    path = settings.music.genres_file
    try:
        catalogue = load_catalogue(path)
    except (OSError, ValueError) as error:
        yield Finding(Level.BAD, "genres", f"{path} cannot be read: {error}")
        return
    yield Finding(Level.OK, "genres", f"{len(catalogue.genres)}, {', '.join(catalogue.names[:4])} ...")


def _sounds(settings: Settings) -> Iterator[Finding]:
    from inference.render.errors import RenderFailed
    from inference.render.soundfonts.soundset import load_soundfont
    from inference.render.sounds import load_sounds

    try:
        size = len(load_soundfont(settings.inference.soundfont))
        genres = len(load_sounds(settings.music.sounds_file).sounds)
    except RenderFailed as error:
        yield Finding(Level.BAD, "sounds", str(error))
        return
    yield Finding(Level.OK, "sounds", f"SoundFont of {size / _MIB:.0f} MiB, desks for {genres} genres")


def _database(settings: Settings) -> Iterator[Finding]:
    from adapters.storage import StorageError, upgrade

    url = masked(settings.database.url)
    try:
        asyncio.run(upgrade(settings.database.url))
    except StorageError as error:
        yield Finding(Level.BAD, "database", str(error))
        return
    yield Finding(Level.OK, "database", f"{url} is up to date")


def _slack_key(settings: Settings) -> Iterator[Finding]:
    """How the tokens of Slack workspaces lie in the database."""
    from adapters.storage import StorageError, kept_tokens

    slack = settings.slack
    if not slack.is_for_many:
        return
    try:
        kept = asyncio.run(kept_tokens(settings.database.url, slack.token_keys))
    except StorageError:  # which has a finding of its own
        return
    if kept.trouble is not None:
        yield Finding(Level.BAD, "slack key", kept.trouble)
    elif not slack.token_keys:
        yield Finding(
            Level.NOTE,
            "slack key",
            "no LNH_SLACK_TOKEN_KEY, so the tokens of workspaces lie in the database as they are;"
            " docs/slack-workspaces.md says how to encrypt them",
        )
    else:
        later = f", {kept.plain} more from the next start on" if kept.plain else ""
        yield Finding(Level.OK, "slack key", f"tokens are encrypted, those of {kept.closed} workspace(s){later}")


def _service(settings: Settings) -> Iterator[Finding]:
    from adapters.composer import HttpComposer

    inference = settings.inference

    async def is_ready() -> bool:
        async with HttpComposer(inference.url) as composer:
            return await composer.is_ready()

    if asyncio.run(is_ready()):
        yield Finding(Level.OK, "service", f"plays at {inference.url}")
        return
    if urlsplit(inference.url).hostname not in LOOPBACK:
        yield Finding(Level.BAD, "service", f"does not answer at {inference.url}; start `lnh serve` there")
        return
    yield Finding(
        Level.NOTE, "service", f"does not answer at {inference.url}; `lnh run` and `lnh compose` start their own"
    )
    yield _port("service", inference.host, inference.port, "LNH_INFERENCE_PORT")


def _slack_port(settings: Settings) -> Iterator[Finding]:
    if settings.slack.listens:
        yield _port("slack", "127.0.0.1", settings.slack.port, "LNH_SLACK_HTTP_PORT")


def _port(subject: str, host: str, port: int, variable: str) -> Finding:
    try:
        with socket.create_server((host, port)):
            return Finding(Level.OK, subject, f"port {port} of {host} is free")
    except OSError as error:
        return Finding(Level.NOTE, subject, f"port {port} of {host}: {error.strerror}; choose another with {variable}")


def _tokens(settings: Settings) -> Iterator[Finding]:
    for name, section in (("discord", settings.discord), ("slack", settings.slack)):
        missing = section.missing()
        if missing is not None:
            yield Finding(Level.BAD, name, missing)
        elif section.is_wanted:
            yield Finding(Level.OK, name, "tokens are set")
        else:
            yield Finding(Level.NOTE, name, f"no token, so it stays off (LNH_{name.upper()}_..., see README)")


def _disk(settings: Settings) -> Iterator[Finding]:
    for subject, folder in (("songs", settings.console.out), ("artifacts", settings.inference.artifacts)):
        free = shutil.disk_usage(_existing(folder)).free
        level = Level.OK if free > _ENOUGH_DISK_BYTES else Level.BAD
        yield Finding(level, subject, f"{free / _MIB:.0f} MiB free for {folder}")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())


_CHECKS: tuple[Check, ...] = (
    _python,
    _torch,
    _checkpoint,
    _decoder,
    _genres,
    _sounds,
    _extras,
    _service,
    _tokens,
    _slack_port,
    _database,
    _slack_key,
    _disk,
)
