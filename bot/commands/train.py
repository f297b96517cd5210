"""`lnh bank` and `lnh train`: from MIDI files to a checkpoint."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.extras import need_extra
from bot.commands.machine import usable_cores
from bot.commands.prepare import prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.settings import CONFIGS

if TYPE_CHECKING:
    from inference.training.corpus import Source

_CONFIG, _OWN_CONFIG = (CONFIGS / name for name in ("train-core.toml", "train-own.toml"))
_RUNS = Path("var/train")


def bank(
    files: Annotated[
        Path, typer.Argument(help="Folder of MIDI files; genres come from its manifest.csv or its subfolders.")
    ],
    out: Annotated[Path, typer.Argument(help="Output file, such as var/banks/core.npz.")],
    manifest: Annotated[
        Path | None, typer.Option(help="Table (.csv or .csv.gz) with the columns file, split and genre.")
    ] = None,
    genres: Annotated[
        str | None, typer.Option(help="Take only these genres of the manifest, separated by commas.")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Worker processes; default: all cores.", min=1)] = None,
) -> None:
    """Clean MIDI files and pack them into a bank for training; print why files were left out."""
    prepared_settings()
    need_extra("train", "training")
    from inference.training.start import make_bank
    from inference.training.trouble import CannotTrain

    with as_trouble(CannotTrain), _ended_like_ctrl_c():
        make_bank(_sources(files, manifest, genres), files, out, processes or usable_cores(), typer.echo)
    typer.echo(str(out))


def train(
    config: Annotated[
        Path | None,
        typer.Option(
            help="Training configuration.", show_default="configs/train-core.toml, with --midi train-own.toml"
        ),
    ] = None,
    midi: Annotated[
        Path | None, typer.Option(help="Folder of MIDI files; genres come from its manifest.csv or its subfolders.")
    ] = None,
    begin_with: Annotated[
        Path | None, typer.Option(help="Checkpoint to go on from; default: the one in use with --midi and no --config.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default: one in var/train.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads; default: all cores.", min=1)] = None,
    processes: Annotated[
        int, typer.Option(help="Processes that share the threads and train together, each on its own batch.", min=1)
    ] = 1,
) -> None:
    """Teach the band the songs of a folder, or train a model from nothing on banks; run it again to resume."""
    settings = prepared_settings()
    need_extra("train", "training")
    from bot.app import read_catalogue
    from inference.model.errors import CheckpointError
    from inference.originality.errors import BadIndex
    from inference.training.start import read_config, start_training
    from inference.training.trouble import CannotTrain

    if config is None and midi is not None:
        begin_with = begin_with or settings.inference.checkpoint_file
    config = config or (_CONFIG if midi is None else _OWN_CONFIG)
    with as_trouble(CannotTrain, CheckpointError, BadIndex), _ended_like_ctrl_c():
        name = read_config(config).name if midi is None else midi.resolve().name
        folder = out or _RUNS / name
        _set_up_torch(folder, max(1, (threads or usable_cores()) // processes))
        bands = {genre.name: genre.roster for genre in read_catalogue(settings.music).genres}
        end = start_training(config, midi, folder, typer.echo, begin_with, processes, bands)
    if end.is_finished:
        typer.echo(f"trained, updates in all: {end.updates}; LNH_INFERENCE_CHECKPOINT={end.checkpoint} plays it")
    else:
        typer.echo(f"stopped, updates in all: {end.updates}; the same command goes on from there")


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Turns SIGTERM into KeyboardInterrupt, so that the reading processes are ended too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _set_up_torch(folder: Path, threads: int) -> None:
    """Sets the environment variables that torch reads when it is imported."""
    # Spinning worker threads starve whatever shares the cores; sleeping ones do not.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((folder / "compiled").absolute()))


def _sources(files: Path, manifest: Path | None, genres: str | None) -> "list[Source]":
    from inference.training.corpus import read_manifest
    from inference.training.start import folder_sources

    if manifest is None:
        return folder_sources(files)
    if genres is None:
        raise CommandTrouble("say which genres of the manifest to take, such as --genres metal,punk")
    try:
        return read_manifest(manifest, files, tuple(genres.split(",")))
    except (OSError, EOFError, ValueError) as error:
        raise CommandTrouble(f"the manifest {manifest} cannot be read: {error}") from error
