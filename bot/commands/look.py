"""Verbs that look or tidy: `lnh config show`, `lnh db upgrade`."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from bot.commands.trouble import CommandTrouble
from bot.settings import Settings, load_settings, variable

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]


def config_show(as_json: AsJson = False) -> None:
    """Prints every setting in force and the variable that sets it; secrets are masked."""
    settings = load_settings()
    if as_json:
        typer.echo(json.dumps(settings.model_dump(mode="json"), indent=2))
        return
    for section, name, value in _rows(settings):
        typer.echo(f"{variable(section, name):<30} {'' if value is None else value}".rstrip())


def _rows(settings: Settings) -> Iterator[tuple[str, str, Any]]:
    for section, model in settings:
        if isinstance(model, BaseModel):
            for name, value in model:
                yield section, name, value


def database_upgrade() -> None:
    """Brings the database up to date; `lnh run` and `lnh bot` do so themselves."""
    from adapters.storage import upgrade

    settings = load_settings()
    asyncio.run(upgrade(settings.database.url))
    typer.echo(f"{_masked(settings.database.url)} is up to date")


def _masked(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)


def read_bytes(file: Path) -> bytes:
    """The file's bytes. Raises CommandTrouble with one sentence."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandTrouble(f"{file} cannot be read: {error.strerror}") from error
