"""`lnh eval`: compares the checkpoint's songs with real ones."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands import machine
from bot.commands.extras import need_extra
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.settings import Settings

if TYPE_CHECKING:
    from inference.evaluation.compose import Tell
    from inference.evaluation.plan import Plan
    from inference.evaluation.report import Report

SONGS, QUICK_SONGS = 100, 10
_OUT = Path("var/eval")
FOUR_GENRES = "metal,rock,pop,jazz"

Banks = Annotated[list[Path], typer.Option("--bank", help="Bank of real songs (see `lnh bank`); repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def evaluate(
    bank: Banks,
    genres: Annotated[str, typer.Option(help="Genres to compose, separated by commas, or all.")] = FOUR_GENRES,
    songs: Annotated[int, typer.Option(help="Songs per genre.", min=4, max=1000)] = SONGS,
    quick: Annotated[bool, typer.Option("--quick", help=f"At most {QUICK_SONGS} songs per genre.")] = False,
    seed: Annotated[int, typer.Option(help="Random seed.", min=0, max=2**31)] = 1,
    out: Annotated[Path, typer.Option(help="Output folder for eval.json, eval.md and the figures (PNG).")] = _OUT,
    as_json: AsJson = False,
) -> None:
    """Compare the checkpoint's songs with real ones of the test split, metric by metric; takes minutes to an hour."""
    from rich.console import Console

    settings = ready_to_evaluate()
    plan = plan_of(settings, genres, min(songs, QUICK_SONGS) if quick else songs, seed)
    plan = replace(plan, takes=settings.inference.takes)
    try:
        out.mkdir(parents=True, exist_ok=True)  # better told now than after an hour's work
    except OSError as error:
        raise CommandTrouble(f"{out} cannot be made: {error.strerror}") from error
    with Console(file=sys.stderr).status("starting") as status:
        report = _evaluate(settings, tuple(bank), plan, status.update)
    text, tables = report.to_json(), report.to_markdown()
    save_report(report, out)
    typer.echo(text if as_json else tables)


def ready_to_evaluate() -> Settings:
    """The settings, for a verb that imports torch after this. Raises CommandTrouble when a package is missing."""
    settings = quietly_prepared_settings()
    need_extra("eval", "evaluating")
    # Read when torch is imported: spinning threads starve whatever shares the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return settings


def save_report(report: "Report", out: Path) -> None:
    """Writes JSON, tables and pictures. Raises CommandTrouble with one sentence."""
    from inference.evaluation.figures import draw

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "eval.json").write_text(report.to_json() + "\n", encoding="utf-8")
        pictures = "".join(f"\n![{picture.stem}]({picture.name})\n" for picture in draw(report, out))
        (out / "eval.md").write_text(report.to_markdown() + pictures, encoding="utf-8")
    except OSError as error:
        raise CommandTrouble(f"the report cannot be written to {out}: {error.strerror}") from error


def plan_of(settings: Settings, genres: str, songs: int, seed: int) -> "Plan":
    """Genres by name, separated by commas, or all of the catalogue. Raises CommandTrouble or UnknownGenre."""
    from bot.app import read_catalogue
    from inference.evaluation.plan import Plan

    catalogue = read_catalogue(settings.music)
    everything = genres.strip().casefold() == "all"
    names = catalogue.names if everything else [name for name in genres.split(",") if name.strip()]
    if not names:
        raise CommandTrouble(f"say which genres to play, such as --genres {FOUR_GENRES}")
    return Plan(tuple(dict.fromkeys(catalogue.find(name) for name in names)), songs, seed, catalogue=catalogue)


def _evaluate(settings: Settings, banks: tuple[Path, ...], plan: "Plan", tell: "Tell") -> "Report":
    from bot.app import read_catalogue
    from inference.critic.errors import BadCritic
    from inference.evaluation.evaluate import evaluate
    from inference.evaluation.plan import Subject
    from inference.evaluation.trouble import CannotEvaluate
    from inference.model.errors import CheckpointError
    from inference.originality.errors import BadIndex

    inference = settings.inference
    files = (inference.originality_file, inference.critic_file)
    subject = Subject(inference.checkpoint_file, banks, inference.threads, *files)
    load = machine.load_average()
    with as_trouble(CannotEvaluate, CheckpointError, BadIndex, BadCritic):
        report = evaluate(subject, plan, read_catalogue(settings.music).complete, tell)
    where: dict[str, str | float] = {
        "machine": f"{machine.cpu_name()} ({machine.usable_cores()} cores)",
        "load before": round(load, 1),
    }
    return replace(report, setting={**report.setting, **where})
