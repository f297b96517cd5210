"""The command `lnh`: all subcommands, their help, and one sentence for each error."""

from importlib.metadata import version
from typing import Annotated

import typer

from bot.commands import (
    ablate,
    bench,
    critic,
    doctor,
    editing,
    evaluate,
    look,
    originality,
    play,
    render,
    running,
    similar,
    sounds,
    touch,
    train,
)
from bot.commands.trouble import sentence_of

EXAMPLES = (
    (play.compose, "compose", "lnh compose metal --bars 32 --tempo 160 --key Em --seed 7"),
    (play.replay, "replay", "lnh replay out/ashes-of-iron.mid"),
    (render.render, "render", "lnh render song.mid --files mp3,score,tab,stems"),
    (editing.continue_, "continue", "lnh continue riff.mid --bars 16 --genre metal"),
    (editing.extend, "extend", "lnh extend out/ashes-of-iron.mid --bars 8"),
    (editing.replace_, "replace", "lnh replace out/ashes-of-iron.mid --players lead --bars 9-16"),
    (editing.accompany, "accompany", "lnh accompany melody.mid --genre metal"),
    (editing.vary, "vary", "lnh vary out/ashes-of-iron.mid --strength 0.3"),
    (editing.remix, "remix", "lnh remix out/ashes-of-iron.mid --genre funk-soul --tempo 96 --keep lead"),
    (editing.blend, "blend", "lnh blend metal:0.7,jazz:0.3 --bars 32"),
    (similar.similar, "similar", "lnh similar out/ashes-of-iron.mid out/rust.mid"),
    (running.run, "run", "lnh run"),
    (running.serve, "serve", "lnh serve --port 8600"),
    (running.bot, "bot", "LNH_INFERENCE_URL=http://gpu:8600 lnh bot"),
    (doctor.doctor, "doctor", "lnh doctor"),
    (bench.bench, "bench", "lnh bench --json"),
    (sounds.sounds, "sounds", "lnh sounds --out out/sounds"),
    (train.bank, "bank", "lnh bank my-midi-files var/banks/mine.npz"),
    (originality.index, "index", "lnh index --bank var/banks/core.npz --out var/core.originality.safetensors"),
    (train.train, "train", "lnh train --midi my-midi-files"),
    (evaluate.evaluate, "eval", "lnh eval --quick --bank var/banks/core.npz"),
    (ablate.ablate, "ablate", "lnh ablate no-copy --bank var/banks/core.npz --minutes 3"),
    (critic.train, "critic train", "lnh critic train --bank var/banks/core.npz --out var/critic.safetensors"),
    (critic.measure, "critic measure", "lnh critic measure --bank var/banks/core.npz --out var/critic"),
    (touch.touch, "touch", "lnh touch --bank var/banks/core2.npz --bank var/banks/wide.npz --genres metal,rock"),
    (look.tokens, "tokens", "lnh tokens out/ashes-of-iron.mid"),
    (look.database_upgrade, "db upgrade", "lnh db upgrade"),
    (look.config_show, "config show", "lnh config show --json"),
)
GROUPS = {
    "critic": "Train and measure the critic that chooses among takes.",
    "config": "Show the settings.",
    "db": "Maintain the database.",
}
_PANELS = {
    "Songs": "compose replay render continue extend replace accompany vary remix blend similar tokens",
    "The band in chat": "run serve bot doctor config db",
    "Measuring": "bench sounds eval",
    "Training": "bank index train ablate critic touch",
}


def _build() -> typer.Typer:
    root = typer.Typer(
        name="lnh",
        help="LnH: a band that lives in chat and writes new songs on demand.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    root.callback()(_root)
    panels = {name: panel for panel, names in _PANELS.items() for name in names.split()}
    groups = {name: typer.Typer(no_args_is_help=True) for name in GROUPS}
    for verb, words, example in EXAMPLES:
        *group, name = words.split()
        parent, panel = (groups[group[0]], None) if group else (root, panels[name])
        parent.command(name, epilog=f"Example: {example}", rich_help_panel=panel)(verb)
    for name, group_help in GROUPS.items():
        root.add_typer(groups[name], name=name, help=group_help, rich_help_panel=panels[name])
    return root


def _tell_version(is_asked: bool | None) -> None:
    if is_asked:
        typer.echo(f"lnh {version('lnh-band')}")
        raise typer.Exit


def _root(
    asked: Annotated[
        bool | None,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    """Options before the subcommand."""


app = _build()


def main() -> int:
    """Runs one command; the exit status is 0, 1 for an error, 2 for a wrong command line, 130 for Ctrl-C."""
    try:
        return app(standalone_mode=False) or 0
    except typer.TyperException as error:
        trouble, status = error.format_message(), error.exit_code
    except typer.Abort:
        trouble, status = "stopped", 130
    except Exception as error:  # the last stop: what has a sentence is told, the rest is a defect and keeps its trace
        told = sentence_of(error)
        if told is None:
            raise
        trouble, status = told, 1
    if trouble:  # a help page that stands for the trouble has been shown already
        typer.echo(f"lnh: {trouble}", err=True)
    return status
