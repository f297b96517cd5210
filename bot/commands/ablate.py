"""`lnh ablate`: what one design choice of the composer is worth, in bits per note."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.extras import need_extra
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble

if TYPE_CHECKING:
    from inference.evaluation.ablations.study import Plan

_OUT = Path("var/ablations")
_SHIPPED = "shipped"


def ablate(
    variant: Annotated[
        str, typer.Argument(help="What to change: shipped (nothing), parallel-heads, no-copy or time-order.")
    ],
    bank: Annotated[Path, typer.Option(help="Bank of songs (see `lnh bank`) to train and measure on.")],
    size: Annotated[str, typer.Option(help="Size of the network: small, shipped or large.")] = _SHIPPED,
    minutes: Annotated[float, typer.Option(help="Processor time to train for, in minutes.", min=0.01)] = 6.0,
    genres: Annotated[str, typer.Option(help="Genres to measure on, separated by commas.")] = "metal,rock",
    songs: Annotated[
        int, typer.Option(help="Songs of the first genre to compose, to measure the structure error.", min=0)
    ] = 0,
    trunk: Annotated[
        Path | None, typer.Option(help="Train only the heads, of both kinds, on the frozen trunk of this checkpoint.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs; a run found there is resumed.")] = _OUT,
) -> None:
    """Train a variant of the composer from scratch on one thread and print its bits per note as it goes."""
    quietly_prepared_settings()
    need_extra("eval", "evaluating")
    # Read when torch is imported: one thread, so that processor time is the same clock for all.
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    from inference.evaluation.ablations.study import Plan
    from inference.evaluation.ablations.variants import SIZES, VARIANTS
    from inference.evaluation.trouble import CannotEvaluate
    from inference.model.errors import CheckpointError

    _known(variant, list(VARIANTS), "variant")
    _known(size, list(SIZES), "size")
    names = tuple(name for name in genres.split(",") if name)
    if not names:
        raise CommandTrouble("say which genres to measure on, such as --genres metal,rock")
    plan = Plan(variant, size, minutes, names)
    with as_trouble(CannotEvaluate, CheckpointError):
        if trunk is None:
            _study(plan, bank, out, songs)
        else:
            _compare_heads(plan, bank, trunk)


def _known(name: str, names: list[str], what: str) -> None:
    if name not in names:
        raise CommandTrouble(f"there is no {what} {name}; there are {', '.join(names)}")


def _study(plan: "Plan", bank: Path, out: Path, songs: int) -> None:
    from inference.evaluation.ablations.study import Study
    from inference.evaluation.material import load_banks

    study = Study(plan, load_banks([bank])[0], out / f"{plan.variant}-{plan.size}")
    study.run(typer.echo)
    if songs:
        genre = plan.measured_on[0]
        real, ours = study.structure_error(genre, songs)
        typer.echo(f"SE of {ours.count} {genre} songs {ours.value:.2f} %, of as many real ones {real.value:.2f} %")


def _compare_heads(plan: "Plan", bank: Path, trunk: Path) -> None:
    from inference.evaluation.ablations.on_trunk import HeadPlan, compare_heads
    from inference.evaluation.material import load_banks
    from inference.model.checkpoint import load_checkpoint

    compare_heads(
        load_checkpoint(trunk), load_banks([bank])[0], HeadPlan(plan.minutes, plan.measured_on[0]), typer.echo
    )
