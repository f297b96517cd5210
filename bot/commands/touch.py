"""`lnh touch`: tunes the sampling biases of genres for the configured checkpoint."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.evaluate import FOUR_GENRES, AsJson, Banks, plan_of, ready_to_evaluate
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.settings import Settings

if TYPE_CHECKING:
    from inference.evaluation.compose import Tell
    from inference.evaluation.leading import Effort
    from inference.evaluation.report import Report
    from inference.evaluation.touches import Finding

_REAL = 100
_TOUCH = re.compile(r"^touch = .*\n", re.MULTILINE)


def touch(
    bank: Banks,
    genres: Annotated[str, typer.Option(help="Genres to tune, separated by commas, or all.")] = FOUR_GENRES,
    songs: Annotated[int, typer.Option(help="Songs to compose for each setting tried.", min=8, max=500)] = 32,
    steps: Annotated[
        int, typer.Option(help="Optimisation steps after the effect of each weight is known.", min=1, max=20)
    ] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the first song.", min=0, max=2**31)] = 3_000_000,
    out: Annotated[Path | None, typer.Option(help="Output folder for touch.json, touch.toml and touch.md.")] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Genre catalogue to write the result into, such as configs/genres.toml.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tune the sampling biases (the “touch”) of each genre so that songs measure like real ones.

    Takes one or two minutes of processor time per genre.
    """
    from rich.console import Console

    settings = ready_to_evaluate()
    from inference.evaluation.leading import Effort

    catalogue_text = None if catalogue is None else _read(catalogue)

    def found(findings: "list[Finding]") -> None:
        if out is not None:
            _save(out, {"touch.toml": _lines(findings)})
        if catalogue is not None and catalogue_text is not None:
            touched = catalogue_text
            for finding in findings:
                touched = with_touch(touched, finding.genre.name, finding.entry)
            _save(catalogue.parent, {catalogue.name: touched})

    with Console(file=sys.stderr).status("starting") as status:
        wanted = (tuple(bank), genres, Effort(songs, seed, steps))
        findings, report = _tuned(settings, wanted, found, status.update)
    known = {
        "touches": {finding.genre.name: {"touch": finding.touch.said()} for finding in findings},
        "report": json.loads(report.to_json()),
    }
    text = json.dumps(known, indent=2, ensure_ascii=False)
    if out is not None:
        _save(out, {"touch.json": text + "\n", "touch.md": report.to_markdown()})
    typer.echo(text if as_json else f"{report.to_markdown()}\n{_lines(findings)}")


def with_touch(catalogue: str, genre: str, entry: str) -> str:
    """The text of a catalogue in which the touch of a genre is replaced by that line.

    Raises:
        CommandTrouble: the catalogue has no table of that name.
    """
    table = re.search(rf"^\[{re.escape(genre)}\]\n(?:[^\[\n].*\n)*", catalogue, re.MULTILINE)
    if table is None:
        raise CommandTrouble(f"the catalogue has no genre {genre}")
    touched = f"{_TOUCH.sub('', table[0])}{entry}\n"
    return catalogue[: table.start()] + touched + catalogue[table.end() :]


def _lines(findings: "list[Finding]") -> str:
    return "".join(f"# {finding.genre.name}\n{finding.entry}\n" for finding in findings)


def _read(catalogue: Path) -> str:
    try:
        return catalogue.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandTrouble(f"the catalogue {catalogue} cannot be read") from error


def _tuned(
    settings: Settings,
    wanted: tuple[tuple[Path, ...], str, "Effort"],
    found: Callable[[list["Finding"]], None],
    tell: "Tell",
) -> tuple[list["Finding"], "Report"]:
    """Reports all findings so far whenever a genre is done, since the last may be hours away."""
    from bot.app import read_catalogue
    from inference.evaluation.plan import Subject
    from inference.evaluation.touches import report_of, tune_genres
    from inference.evaluation.trouble import CannotEvaluate
    from inference.model.errors import CheckpointError

    banks, genres, effort = wanted
    subject = Subject(settings.inference.checkpoint_file, banks, settings.inference.threads)
    plan = plan_of(settings, genres, _REAL, effort.seed)
    findings = []
    with as_trouble(CannotEvaluate, CheckpointError):
        for finding in tune_genres(subject, plan, read_catalogue(settings.music), effort, tell):
            findings.append(finding)
            found(findings)
        return findings, report_of(subject, findings, effort)


def _save(out: Path, files: dict[str, str]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandTrouble(f"the report cannot be written to {out}: {error.strerror}") from error
