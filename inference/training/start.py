"""Starts or resumes a training run, on the banks of a config or on any folder of MIDI files."""

import os
import pickle
import signal
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from zipfile import BadZipFile

from pydantic import ValidationError

from inference.training.bands import Bands
from inference.training.bank import Bank, build_bank
from inference.training.corpus import Source, read_folder
from inference.training.files import written_whole
from inference.training.settings import TrainSettings, load_train_settings
from inference.training.summary import summarise
from inference.training.trouble import CannotTrain

_FEW_FILES = 100  # not worth the seconds that more processes take to start
_BAD_STATE = (RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """How a run ended: its weights, the updates made in all, and whether the planned time is used up."""

    checkpoint: Path
    updates: int
    is_finished: bool


def start_training(
    config: Path,
    midi: Path | None,
    folder: Path,
    tell: Tell,
    begin_with: Path | None = None,
    processes: int = 1,
    bands: Bands | None = None,
) -> Trained:
    """Trains until the planned time is over; SIGTERM or Ctrl-C saves and stops, and the next call resumes.

    Args:
        config: a `train-*.toml`.
        midi: files to train on instead of the config's banks; they are packed into a bank in `folder` once.
        folder: of the run: state, log, checkpoint.
        tell: takes lines of text for the user, such as which files were left out.
        begin_with: a checkpoint to go on from, instead of the config's; a run that is resumed keeps its own weights.
        processes: that train the composer together; each update sees so many times the config's batch.
        bands: who plays songs of a genre, so that a prior learns to write for them.

    Raises:
        CannotTrain: the config, the files, a bank or an earlier state cannot be used.
        CheckpointError: what it is to begin with is missing, damaged, or larger.
    """
    settings = read_config(config)
    if midi is not None:
        settings = settings.model_copy(update=_taken_from(midi, folder, tell))
    settings = settings.model_copy(update={"validate_on": _validated(settings)})
    # torch, which takes seconds, only when there is something to train on
    from inference.training.begin import Beginning, shaped_as
    from inference.training.course import keep_beside, take_course
    from inference.training.train import Run

    begun = begin_with or settings.begin_with
    if begun is not None:
        settings = shaped_as(settings, begun)
    try:
        run = Run(settings, folder)
    except _BAD_STATE as error:
        if not (folder / "state.pt").exists():
            raise
        reason = str(error).splitlines()[0].rstrip(":")
        raise CannotTrain(f"the run in {folder} cannot be resumed ({reason}); choose another --out") from error
    if begun is not None and begun.resolve() == run.checkpoint.resolve():
        raise CannotTrain(
            f"{begun} is what this run itself wrote; name what it began with by --begin-with, or choose another --out"
        )
    with _asked_to_stop() as stop:
        is_finished = take_course(
            run, None if begun is None else Beginning(begun), bands or {}, tell, stop.is_set, processes
        )
        if is_finished and midi is not None:
            keep_beside(run.checkpoint, settings.banks[0], begun, tell)
    return Trained(run.checkpoint, run.updates, is_finished)


def read_config(config: Path) -> TrainSettings:
    """Raises CannotTrain with the first thing that is wrong."""
    try:
        return load_train_settings(config)
    except OSError as error:
        raise CannotTrain(f"{config} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotTrain(f"{config} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CannotTrain(f"{config} is wrong at {where}: {first['msg']}") from error


def make_bank(sources: Sequence[Source], folder: Path, out: Path, processes: int, tell: Tell) -> Bank:
    """Reads, cleans and packs the files of a folder; tells how many were kept and why others were not.

    Raises:
        CannotTrain: nothing could be kept.
        OSError: the bank cannot be written.
    """
    bank, counts, mended = build_bank(sources, processes if len(sources) > _FEW_FILES else 1)
    if not counts["kept"]:
        raise CannotTrain(f"there is no MIDI file to learn from in {folder}{_reasons(counts)}")
    with written_whole(out) as partial:
        bank.save(partial)
    for reason, count in counts.most_common():
        tell(f"{count:7} {reason}")
    for what, count in mended.most_common():
        tell(f"{count:7} of the kept: {what}")
    for line in summarise(bank):
        tell(line)
    return bank


def folder_sources(folder: Path) -> list[Source]:
    """The MIDI files of a folder, or of its manifest. Raises CannotTrain when that cannot be read."""
    try:
        return read_folder(folder)
    except (OSError, EOFError, ValueError) as error:
        raise CannotTrain(f"the manifest in {folder} cannot be read: {error}") from error


def _taken_from(midi: Path, folder: Path, tell: Tell) -> dict[str, object]:
    """The settings that a folder of MIDI files decides."""
    if not midi.is_dir():
        raise CannotTrain(f"{midi} is not a folder")
    file = folder / "bank.npz"
    if file.exists():
        bank = load_bank(file)
        tell(f"{len(bank):7} files packed in {file}; delete it to read {midi} again")
    else:
        bank = make_bank(folder_sources(midi), midi, file, os.cpu_count() or 1, tell)
    genres = sorted({bank.genre(song) for song in range(len(bank))})
    known = [genre for genre in genres if genre]
    if "" in genres:
        tell(f"{sum(not bank.genre(song) for song in range(len(bank))):7} without a genre; a subfolder's name is one")
    return {"name": folder.resolve().name, "genres": known, "banks": [file], "validate_on": genres}


def _validated(settings: TrainSettings) -> list[str]:
    """Those of `validate_on` that have songs set aside for it. Raises CannotTrain without a song to train on."""
    if not settings.banks:
        raise CannotTrain("the config names no banks; name some, or train on a folder of MIDI files with --midi")
    banks = [load_bank(file) for file in settings.banks]
    if not any(len(bank.by_split["train"]) for bank in banks):
        raise CannotTrain("the banks hold no song to train on")
    found = {bank.genre(int(song)) for bank in banks for song in bank.by_split["valid"]}
    return [genre for genre in settings.validate_on if genre in found]


def load_bank(file: Path) -> Bank:
    """Raises CannotTrain when the file is missing or no bank."""
    if not file.is_file():
        how = f"make it with `lnh bank FOLDER {file} --manifest FILE --genres NAMES`"
        raise CannotTrain(f"there is no bank at {file}; {how}, or train on a folder of MIDI files with --midi")
    try:
        return Bank.load(file)
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise CannotTrain(f"{file} is not a bank, or a damaged one") from error


def _reasons(counts: Counter[str]) -> str:
    listed = ", ".join(f"{count} {reason}" for reason, count in counts.most_common() if count)
    return f" ({listed})" if listed else ""


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set; a second Ctrl-C does not wait for the update to end."""
    asked = Event()

    def stop(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
