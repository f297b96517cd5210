"""`lnh critic`: trains the critic that chooses among takes, and measures whether it helps."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.evaluate import FOUR_GENRES, Banks, plan_of, ready_to_evaluate, save_report
from bot.commands.trouble import CommandTrouble, as_trouble

Genres = Annotated[str, typer.Option(help="Genres to compose, separated by commas.")]
_TRAIN_SEED, _MEASURE_SEED = 1_000_000, 2_000_000  # the songs it learns from are none it is measured on


def train(
    bank: Banks,
    out: Annotated[Path, typer.Option(help="Output file, such as var/critic.safetensors.")],
    genres: Genres = FOUR_GENRES,
    songs: Annotated[
        int, typer.Option(help="Specs per genre; four takes are composed of each.", min=8, max=10_000)
    ] = 100,
) -> None:
    """Compose songs and train the critic to tell them from real ones and to rank takes; about a minute per genre."""
    from rich.console import Console

    settings = ready_to_evaluate()
    from bot.app import read_catalogue
    from inference.evaluation.critics import train_critic
    from inference.evaluation.plan import Subject
    from inference.evaluation.trouble import CannotEvaluate
    from inference.model.errors import CheckpointError

    plan = plan_of(settings, genres, songs, _TRAIN_SEED)
    subject = Subject(settings.inference.checkpoint_file, tuple(bank), settings.inference.threads)
    complete = read_catalogue(settings.music).complete
    with Console(file=sys.stderr).status("starting") as status, as_trouble(CannotEvaluate, CheckpointError):
        critic = train_critic(subject, plan, complete, status.update)
    try:
        critic.save(out)
    except OSError as error:
        raise CommandTrouble(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(str(out))


def measure(
    bank: Banks,
    out: Annotated[Path, typer.Option(help="Output folder for eval.json, eval.md and the figures (PNG).")],
    genres: Genres = FOUR_GENRES,
    songs: Annotated[int, typer.Option(help="Specs per genre.", min=4, max=1000)] = 50,
    takes: Annotated[int, typer.Option(help="Takes per spec.", min=2, max=8)] = 4,
    split: Annotated[
        str, typer.Option(help="Split of real songs to compare with: valid, or test for a final figure.")
    ] = "valid",
) -> None:
    """Compare the take the critic chooses with a random one, metric by metric; takes some minutes."""
    from rich.console import Console

    settings = ready_to_evaluate()
    from bot.app import read_catalogue
    from inference.critic.errors import BadCritic
    from inference.critic.judge import Critic
    from inference.evaluation.choosing import measure_choice
    from inference.evaluation.material import Draw
    from inference.evaluation.plan import Subject
    from inference.evaluation.trouble import CannotEvaluate
    from inference.model.errors import CheckpointError

    if split not in ("valid", "test"):
        raise CommandTrouble(f"--split is valid or test, not {split}")
    inference = settings.inference
    if inference.critic_file is None:
        raise CommandTrouble("there is no critic beside the checkpoint; name one with LNH_INFERENCE_CRITIC")
    plan = plan_of(settings, genres, songs, _MEASURE_SEED)
    subject = Subject(inference.checkpoint_file, tuple(bank), inference.threads)
    complete = read_catalogue(settings.music).complete
    with (
        Console(file=sys.stderr).status("starting") as status,
        as_trouble(CannotEvaluate, CheckpointError, BadCritic),
    ):
        critic = Critic.load(inference.critic_file)
        report = measure_choice(critic, subject, plan, Draw(songs, plan.seed, split), (takes, complete, status.update))
    save_report(report, out)
    typer.echo(report.to_markdown())
