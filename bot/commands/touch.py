"""`lnh touch`: tunes how the players of a genre are led, for the checkpoint that plays here."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.evaluate import need_the_extra, plan_of
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.settings import Settings

if TYPE_CHECKING:
    from inference.evaluation.compose import Tell
    from inference.evaluation.leading import Effort
    from inference.evaluation.report import Report
    from inference.evaluation.touches import Finding

_GENRES = "metal,rock,pop,jazz"
_REAL = 100


def touch(
    bank: Annotated[
        list[Path], typer.Option("--bank", help="Real songs, as `lnh bank` packs them; may be said again.")
    ],
    genres: Annotated[str, typer.Option(help="Which to tune, separated by commas, or all.")] = _GENRES,
    songs: Annotated[int, typer.Option(help="To compose for each setting.", min=8, max=500)] = 32,
    steps: Annotated[int, typer.Option(help="To take once it is known what each weight does.", min=1, max=20)] = 4,
    seed: Annotated[int, typer.Option(help="Of the first song.", min=0, max=2**31)] = 3_000_000,
    out: Annotated[Path | None, typer.Option(help="Folder for touch.json, touch.toml and touch.md.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON object instead of the tables.")] = False,
) -> None:
    """Leads the players so that songs are more like real validation songs; about two processor minutes a genre."""
    from rich.console import Console

    settings = quietly_prepared_settings()
    need_the_extra()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from inference.evaluation.leading import Effort

    with Console(file=sys.stderr).status("starting") as status:
        findings, report = _tuned(settings, (tuple(bank), genres, Effort(songs, seed, steps)), status.update)
    known = {
        "touches": {finding.genre.name: {"touch": finding.touch.said()} for finding in findings},
        "report": json.loads(report.to_json()),
    }
    text = json.dumps(known, indent=2, ensure_ascii=False)
    lines = "".join(f"# {finding.genre.name}\n{finding.entry}\n" for finding in findings)
    if out is not None:
        _save(out, {"touch.json": text + "\n", "touch.toml": lines, "touch.md": report.to_markdown()})
    typer.echo(text if as_json else f"{report.to_markdown()}\n{lines}")


def _tuned(
    settings: Settings, wanted: tuple[tuple[Path, ...], str, "Effort"], tell: "Tell"
) -> tuple[list["Finding"], "Report"]:
    from bot.app import read_catalogue
    from inference.evaluation.evaluate import Subject
    from inference.evaluation.touches import report_of, tune_genres
    from inference.evaluation.trouble import CannotEvaluate
    from inference.model.errors import CheckpointError

    banks, genres, effort = wanted
    subject = Subject(settings.inference.checkpoint_file, banks, settings.inference.threads)
    plan = plan_of(settings, genres, _REAL, effort.seed)
    with as_trouble(CannotEvaluate, CheckpointError):
        findings = tune_genres(subject, plan, read_catalogue(settings.music), effort, tell)
        return findings, report_of(subject, findings, effort)


def _save(out: Path, files: dict[str, str]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandTrouble(f"the report cannot be written to {out}: {error.strerror}") from error
