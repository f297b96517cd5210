"""Small commands: `lnh config show`, `lnh tokens`, `lnh db upgrade`."""

import asyncio
import json
import re
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.settings import load_settings, variable

_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def config_show(as_json: AsJson = False) -> None:
    """Print every setting in force with its environment variable; secrets are masked."""
    table = load_settings().model_dump(mode="json")
    table["database"]["url"] = masked(table["database"]["url"])
    if as_json:
        typer.echo(json.dumps(table, indent=2))
        return
    for section, values in table.items():
        for name, value in values.items():
            typer.echo(f"{variable(section, name):<30} {'' if value is None else value}".rstrip())


def database_upgrade() -> None:
    """Migrate the database to the newest schema; `lnh run` and `lnh bot` do this themselves."""
    from adapters.storage import StorageError, upgrade

    url = quietly_prepared_settings().database.url
    with as_trouble(StorageError):
        asyncio.run(upgrade(url))
    typer.echo(f"{masked(url)} is up to date")


def masked(url: str) -> str:
    """The URL without its password."""
    return _PASSWORD.sub(r"\1***@", url)


def tokens(file: Annotated[Path, typer.Argument(help="Any MIDI file.")]) -> None:
    """Print a MIDI file as the tokens the model reads, bar by bar."""
    from inference.tokens.show import describe

    for line in describe(read_bytes(file)):
        typer.echo(line)


def read_bytes(file: Path) -> bytes:
    """The file's bytes. Raises CommandTrouble with one sentence."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandTrouble(f"{file} cannot be read: {error.strerror}") from error
