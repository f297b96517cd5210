"""`lnh index`: hashes the melodies of the training songs, to tell whether a new song copies one."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.extras import need_extra
from bot.commands.prepare import prepared_settings
from bot.commands.trouble import as_trouble


def index(
    bank: Annotated[list[Path], typer.Option(help="Bank of training songs (see `lnh bank`); repeatable.")],
    out: Annotated[Path, typer.Option(help="Output file, such as var/core.originality.safetensors.")],
) -> None:
    """Index the melodies of the training songs, so that new songs can be checked for copies."""
    prepared_settings()
    need_extra("train", "indexing")
    from inference.training.originality import make_index
    from inference.training.trouble import CannotTrain

    with as_trouble(CannotTrain):
        make_index(bank, out, typer.echo)
    typer.echo(str(out))
