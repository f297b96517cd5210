"""`lnh bench render`: speed of the renderer on one core, compared with a plain synthesizer in the same run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from bot.commands import machine
from bot.commands.trouble import as_trouble
from inference.music.genre import Genre
from inference.render.errors import RenderFailed
from inference.render.worker import keep_memory, one_thread

if TYPE_CHECKING:
    from inference.evaluation.sound_speed import SoundSpeed

FLUIDSYNTH = "fluidsynth"
FULL_AT_LEAST, QUICK_AT_LEAST = 25.0, 60.0
_SONG_S, _SHORT_S = 180.0, 45.0
_ROUNDS = 3
_DIGITS = 4


def bench_render(genre: Genre, soundfont: Path | None, *, as_json: bool) -> None:
    """Measures minutes of a genre's sound check, as written and with no bar like another, and a short song of it."""
    with as_trouble(RenderFailed):
        speeds = _measure(genre, soundfont)
    if as_json:
        typer.echo(json.dumps({"machine": _machine(), "songs": [_numbers(speed) for speed in speeds]}, indent=2))
        return
    for speed in speeds:
        Console().print(_table(speed))
    if speeds[0].reference != FLUIDSYNTH:
        typer.echo(
            f"There is no {FLUIDSYNTH} on this machine, so {speeds[0].reference} is what the stages are compared with."
        )


def _measure(genre: Genre, soundfont: Path | None) -> list["SoundSpeed"]:
    from inference.evaluation.sound_speed import Piece, never_twice, sound_speed
    from inference.render.soundcheck import sound_check
    from inference.render.studio import Studio

    keep_memory()  # as render workers do
    one_thread()
    studio = Studio.open(soundfont)
    tempo = sum(genre.tempo_range) / 2
    long, short = (
        sound_check(genre.roster, tempo, max(4, round(seconds * tempo / 240))) for seconds in (_SONG_S, _SHORT_S)
    )
    studio.record(sound_check(genre.roster, tempo, 4), genre.roster, genre.name)  # filters and fonts are ready then
    pieces = [
        Piece(long, genre.roster, genre.name, f"{genre.name}, riffs that come again"),
        Piece(never_twice(long), genre.roster, genre.name, f"{genre.name}, no bar like another"),
        Piece(never_twice(short), genre.roster, genre.name, f"{genre.name}, a short song, no bar like another"),
    ]
    return [sound_speed(studio, piece, _ROUNDS) for piece in pieces]


def _machine() -> dict[str, object]:
    return {"cpu": machine.cpu_name(), "cores": machine.usable_cores(), "load": machine.load_average()}


def _numbers(speed: "SoundSpeed") -> dict[str, object]:
    stages = {
        name: {
            "seconds": round(seconds, _DIGITS),
            "times_real_time": round(speed.times_real_time(name), _DIGITS),
            f"times_{speed.reference}": round(speed.against_reference(name), _DIGITS),
        }
        for name, seconds in speed.stages.items()
    }
    plain = {name: round(seconds, _DIGITS) for name, seconds in speed.references.items()}
    return {"song": speed.song, "song_s": round(speed.song_s, _DIGITS), "stages": stages, "plain_synthesizers": plain}


def _table(speed: "SoundSpeed") -> Table:
    place = f"{machine.cpu_name()}, load {machine.load_average():.1f}"
    table = Table(title=f"{speed.song}, {speed.song_s:.0f} s", caption=f"processor seconds on {place}")
    for name in ("", "s", "x real time", f"x {speed.reference}", "target"):
        table.add_column(name, justify="right" if name else "left")
    targets = {"quick mix": QUICK_AT_LEAST, "full mix": FULL_AT_LEAST}
    for name, seconds in speed.stages.items():
        target = f"≥ {targets[name]:g}" if name in targets else ""
        ratio = f"{speed.against_reference(name):.2f}"
        table.add_row(name, f"{seconds:.2f}", f"{speed.times_real_time(name):.0f}", ratio, target)
    for name, seconds in speed.references.items():
        ratio = f"{speed.references[speed.reference] / seconds:.2f}"
        table.add_row(f"{name} alone, unmixed", f"{seconds:.2f}", f"{speed.song_s / seconds:.0f}", ratio, "")
    return table
