"""One decode step compared with `generate` of transformers and with memory bandwidth."""

from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

from rich.table import Table

from bot.commands.apart import apart
from bot.commands.trouble import as_trouble
from bot.settings import Settings
from inference.evaluation.decoding import DecodePlan, DecodeRow, decode_rows
from inference.music.spec import SongSpec

ABOVE, BELOW = 5.0, 2.0  # times faster than transformers, times longer than the memory needs


async def decode_times(settings: Settings, genre: str, bars: int, rounds: int) -> tuple[DecodeRow, ...]:
    """Measured in a process of its own: torch in this one would make its event loop slower. Raises CommandTrouble."""
    inference = settings.inference
    plan = DecodePlan(
        inference.checkpoint_file,
        inference.decoder,
        inference.threads,
        settings.music.genres_file,
        SongSpec(((genre, 1.0),), bars),
        rounds,
    )
    async with apart(_decode, plan) as process:
        rows: list[DecodeRow] = await process.hear()
    return tuple(rows)


def _decode(pipe: Connection, plan: DecodePlan) -> None:
    from inference.engine.native.errors import NativeUnavailable
    from inference.model.errors import CheckpointError

    with as_trouble(CheckpointError, NativeUnavailable):
        pipe.send(decode_rows(plan))


def decode_entries(rows: tuple[DecodeRow, ...]) -> list[dict[str, Any]]:
    """What `--json` prints of them."""
    ratios = ("ratio", "over_memory", "over_halves", "over_roofline")
    return [asdict(row) | {name: getattr(row, name) for name in ratios} for row in rows]


def decode_table(rows: tuple[DecodeRow, ...]) -> Table:
    """The same as a table."""
    table = Table(
        title="one decode step, ms",
        caption=f"targets: at least {ABOVE:g} times faster, at most {BELOW:g} times as long as memory alone",
    )
    names = ("songs", "ours", "transformers", "times faster", "memory alone", "times longer", "arithmetic alone")
    for name in (*names, "memory, 16 bits", "times longer"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = (
            *(row.ours_ms, row.theirs_ms, row.ratio, row.memory_ms, row.over_memory),
            *(row.arithmetic_ms, row.halves_ms, row.over_halves),
        )
        table.add_row(str(row.batch), *("not measured" if number is None else f"{number:.2f}" for number in numbers))
    return table
