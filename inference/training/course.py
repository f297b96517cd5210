"""What a training run consists of: auto-encoder, composer and prior, and what is to stand beside its checkpoint."""

import shutil
from collections.abc import Callable
from pathlib import Path

from inference.music.beside import CRITIC_NAME, ORIGINALITY_NAME
from inference.originality.index import OriginalityIndex
from inference.training.auto import teach_space
from inference.training.bands import Bands
from inference.training.begin import Beginning
from inference.training.files import written_whole
from inference.training.helpers import helped
from inference.training.originality import index_of
from inference.training.prior import train_prior
from inference.training.start import load_bank
from inference.training.train import Run

Tell = Callable[[str], None]


def take_course(
    run: Run,
    beginning: Beginning | None,
    bands: Bands,
    tell: Tell,
    stopped: Callable[[], bool],
    processes: int = 1,
) -> bool:
    """Trains a run until its planned time is over or `stopped()`; the composer in so many processes.

    Returns:
        Whether it is over.

    Raises:
        CheckpointError: what it begins with does not fit.
        CannotTrain: one of the processes ended before its time.
    """
    if beginning is not None and run.is_new:
        beginning.give(run)
    is_taught = beginning is not None and beginning.has_space
    if run.space is not None and not is_taught and not teach_space(run.space, run.settings, run.folder, tell, stopped):
        return False
    with helped(run, processes):
        run.train(stopped)
    if stopped():
        return False
    if beginning is not None:
        _compare(run, beginning, tell)
        if beginning.keep_prior(run):
            return True
    if run.space is not None:
        aside = train_prior(run.checkpoint, run.settings, bands, tell, stopped)
        tell(f"prior: of songs set aside {aside.form:.2f} nats a bar and player, {aside.points:.2f} where it is new")
    return not stopped()


def keep_beside(checkpoint: Path, bank: Path, begun_with: Path | None, tell: Tell) -> None:
    """Writes the index of what a checkpoint learnt from beside it, and the critic of the one it began with.

    Raises:
        BadIndex: the index of the one it began with is damaged.
        OSError: the files cannot be written.
    """
    index = index_of([load_bank(bank)], tell)
    tell(f"originality: {index.songs} songs of the folder will not be copied")
    if begun_with is not None:
        if (first := begun_with.with_name(ORIGINALITY_NAME)).is_file():
            index = index.joined(OriginalityIndex.load(first))
        if (critic := begun_with.with_name(CRITIC_NAME)).is_file():
            shutil.copyfile(critic, checkpoint.with_name(CRITIC_NAME))
    with written_whole(checkpoint.with_name(ORIGINALITY_NAME)) as partial:
        index.save(partial)


def _compare(run: Run, beginning: Beginning, tell: Tell) -> None:
    before, after = beginning.bits(run), run.bits(run.model)
    for genre, bits in after.items():
        tell(f"{genre or 'songs'} set aside: {bits:.2f} bits a note, {before[genre]:.2f} before")
    if not after:
        tell("no songs were set aside, so how much was learnt is not known: that takes eight files")
