"""`lnh bench gpu`: whether a CUDA GPU composes the same notes as the CPU reference, and how fast."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.commands import machine
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.settings import Settings

if TYPE_CHECKING:
    from inference.evaluation.card import CardCheck
    from inference.evaluation.card_speed import CardRow

_WINDOW_S = 4.0


def bench_card(settings: Settings, genre: str, bars: int, *, as_json: bool) -> None:
    """Checks first, then measures.

    Raises:
        BadSettings: there is no checkpoint.
        CommandTrouble: there is no card, or what it writes is not what it should be.
    """
    from inference.evaluation.card import CardPlan, card_checks
    from inference.evaluation.card_speed import SLOTS, card_row
    from inference.model.errors import CheckpointError
    from inference.music.spec import SongSpec

    inference = settings.inference
    plan = CardPlan(inference.checkpoint_file, settings.music.genres_file, SongSpec(((genre, 1.0),), bars))
    with as_trouble(CheckpointError, _unavailable()):
        name = _card_name()
        checks = card_checks(plan)
        if not as_json:
            Console().print(checks_table(checks, name))
        rows = [card_row(plan, slots, _WINDOW_S) for slots in SLOTS]
    if as_json:
        typer.echo(json.dumps(figures(name, checks, rows), indent=2))
    else:
        Console().print(speed_table(rows, name))
    broken = [check.promise for check in checks if not check.kept]
    if broken:
        raise CommandTrouble(f"the card does not keep this promise: {broken[0]}")


def figures(name: str, checks: Sequence["CardCheck"], rows: Sequence["CardRow"]) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "card": name,
        "cpu": machine.cpu_name(),
        "torch": machine.torch_version(),
        "checks": [asdict(check) for check in checks],
        "rows": [asdict(row) | {"bandwidth_share": row.bandwidth_share} for row in rows],
    }


def checks_table(checks: Sequence["CardCheck"], name: str) -> Table:
    """The checks as a table."""
    table = Table(title=f"{name} against the reference on a processor")
    for column in ("promise", "kept", "seen"):
        table.add_column(column)
    for check in checks:
        table.add_row(check.promise, "yes" if check.kept else "NO", check.seen)
    return table


def speed_table(rows: Sequence["CardRow"], name: str) -> Table:
    """The speeds as a table."""
    from inference.evaluation.card_speed import TARGET_SLOTS, TARGET_STEPS_S

    table = Table(
        title=f"{name}, every slot taken",
        caption=f"target: {TARGET_STEPS_S:,} steps/s with {TARGET_SLOTS} slots; least: reading weights and caches once",
    )
    for column in (
        "slots",
        "steps/s",
        "songs/s",
        "step, us",
        "card alone, us",
        "least, us",
        "of the limit",
        "ready, s",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        times = (f"{microseconds:,.0f}" for microseconds in (row.step_us, row.alone_us, row.least_us))
        speed = (str(row.slots), f"{row.steps_s:,.0f}", f"{row.songs_s:,.1f}")
        table.add_row(*speed, *times, f"{row.bandwidth_share:.1%}", f"{row.ready_s:.1f}")
    return table


def _unavailable() -> type[Exception]:
    from inference.engine.native.errors import NativeUnavailable

    return NativeUnavailable


def _card_name() -> str:
    """Raises CardUnavailable."""
    import torch

    from inference.engine.cuda.errors import CardUnavailable

    if not torch.cuda.is_available():
        raise CardUnavailable("there is no CUDA card here, or this torch is not built for one: nothing was measured")
    return torch.cuda.get_device_name()
