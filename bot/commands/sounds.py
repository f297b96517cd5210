"""`lnh sounds`: how each genre sounds, in figures and pictures."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.extras import need_extra
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.render import SoundFontFile
from bot.commands.trouble import as_trouble

_FIGURES = (
    ("lufs", "LUFS"),
    ("true_peak_db", "dBTP"),
    ("crest_db", "crest"),
    ("range_lu", "range"),
    ("width_db", "width"),
    ("most_off_lu", "roles off"),
    ("drum_bus_db", "drum bus"),
    ("drum_bus_recovery", "lets go"),
)


def sounds(
    out: Annotated[Path, typer.Option(help="Output folder for figures and pictures.")] = Path("out/sounds"),
    soundfont: SoundFontFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Play the same sound check in every genre, and measure and plot how it sounds."""
    from rich.console import Console

    from bot.app import read_catalogue
    from inference.render.errors import RenderFailed

    settings = quietly_prepared_settings()
    need_extra("eval", "plotting sounds")
    from inference.evaluation.sound_report import SoundReport, rows
    from inference.render.studio import Studio

    with as_trouble(RenderFailed):
        studio = Studio.open(soundfont or settings.inference.soundfont, settings.music.sounds_file)
        report = SoundReport(studio, read_catalogue(settings.music))
        with Console(file=sys.stderr).status("sound check") as status:
            for name in report.play():
                status.update(f"{name} has played")
    out.mkdir(parents=True, exist_ok=True)
    figures = rows(report.figures, report.balances)
    (out / "sounds.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    pictures = report.draw(out)
    if as_json:
        typer.echo(json.dumps({"pictures": [str(path) for path in pictures], "genres": figures}, indent=2))
    else:
        _tell(figures, pictures)


def _tell(figures: list[dict[str, object]], pictures: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for label in ("genre", *(label for _, label in _FIGURES)):
        table.add_column(label, justify="left" if label == "genre" else "right")
    for row in figures:
        table.add_row(str(row["genre"]), *(_words(row[name]) for name, _ in _FIGURES))
    Console().print(table)
    for picture in pictures:
        typer.echo(str(picture))


def _words(figure: object) -> str:
    return " / ".join(map(str, figure)) if isinstance(figure, list) else str(figure)
