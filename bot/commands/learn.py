"""`lnh bank` and `lnh train`: from MIDI files to a checkpoint."""

import importlib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from bot.commands.prepare import prepared_settings
from bot.commands.trouble import CommandTrouble

if TYPE_CHECKING:
    from inference.training.corpus import Source
    from inference.training.settings import TrainSettings


def bank(
    files: Annotated[Path, typer.Argument(help="Folder of MIDI files; the folders in it name the genres.")],
    out: Annotated[Path, typer.Argument(help="Where to put the bank, such as var/banks/core.npz.")],
    manifest: Annotated[Path | None, typer.Option(help="A .csv.gz with the columns file, split and genre.")] = None,
    genres: Annotated[str | None, typer.Option(help="Only these of the manifest, separated by commas.")] = None,
    processes: Annotated[int, typer.Option(help="Processes that read files.", min=1)] = 1,
) -> None:
    """Reads, cleans and packs MIDI files for training, and says why files were left out."""
    prepared_settings()
    _need_the_extra()
    from inference.training.bank import build_bank

    packed, counts = build_bank(_sources(files, manifest, genres), processes)
    if not counts["kept"]:
        raise CommandTrouble(f"there is no MIDI file worth learning from in {files}")
    out.parent.mkdir(parents=True, exist_ok=True)
    packed.save(out)
    for reason, count in counts.most_common():
        typer.echo(f"{count:7} {reason}")
    typer.echo(str(out))


def train(
    config: Annotated[Path, typer.Argument(help="What to train, such as configs/train-core.toml.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; unsaid: var/train/ and its name.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of a run without a GPU.", min=1)] = 1,
) -> None:
    """Trains a model for the planned time; stopped or broken off, the same command goes on where it was."""
    prepared_settings()
    _need_the_extra()
    settings = _train_settings(config)
    for file in settings.banks:
        if not file.is_file():
            raise CommandTrouble(f"there is no bank at {file}; make it with lnh bank")
    # Spinning worker threads starve whatever shares the cores; read by torch when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from inference.training.train import Run

    torch.set_num_threads(threads)
    folder = out or Path("var/train") / settings.name
    run = Run(settings, folder)
    try:
        run.train()
    except KeyboardInterrupt:
        run.save()
        raise
    typer.echo(str(folder / f"{settings.name}.safetensors"))


def _sources(files: Path, manifest: Path | None, genres: str | None) -> "list[Source]":
    from inference.training.corpus import read_folder, read_manifest

    if manifest is None:
        return read_folder(files)
    if genres is None:
        raise CommandTrouble("say which genres of the manifest to take, such as --genres metal,punk")
    try:
        return read_manifest(manifest, files, tuple(genres.split(",")))
    except (OSError, KeyError, ValueError) as error:
        raise CommandTrouble(f"the manifest {manifest} cannot be read: {error}") from error


def _train_settings(config: Path) -> "TrainSettings":
    from inference.training.settings import load_train_settings

    try:
        return load_train_settings(config)
    except OSError as error:
        raise CommandTrouble(f"{config} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandTrouble(f"{config} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CommandTrouble(f"{config} is wrong at {where}: {first['msg']}") from error


def _need_the_extra() -> None:
    try:
        importlib.import_module("symusic")
    except ImportError as error:
        raise CommandTrouble('training needs one more package: .venv/bin/pip install -e ".[train]"') from error
