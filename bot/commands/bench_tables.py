"""The figures under load as tables."""

from rich.table import Table

from bot.commands.bench_load import LoadTimes, Percentiles


def clients_table(load: LoadTimes) -> Table:
    """End to end, by number of clients."""
    lateness, slot = load.loop_late_ms, load.slot_mib
    memory = "" if slot is None else f"; {slot:.1f} MiB a slot"
    table = Table(
        title=f"{load.plan.bars} bars, all clients at once, seconds from POST",
        caption=f"event loop of the service late: p50 {lateness.p50:.2f} ms, p99 {lateness.p99:.2f} ms{memory}",
    )
    for name in ("clients", "MIDI p50", "p95", "p99", "MP3 p50", "p95", "p99"):
        table.add_column(name, justify="right")
    for row in load.clients:
        table.add_row(str(row.clients), *_cells(row.midi_s), *_cells(row.mp3_s))
    return table


def gains_table(load: LoadTimes) -> Table:
    """Batching against one at a time."""
    table = Table(title=f"{load.plan.arrivals} Poisson arrivals: batched against one at a time, MIDI only")
    for name in ("load", "latency, s", "one at a time", "ratio", "songs/s", "one at a time", "ratio"):
        table.add_column(name, justify="right")
    for gain in load.gains:
        latency = (gain.batched.latency_s, gain.one.latency_s, gain.latency_ratio)
        rate = (gain.batched.songs_per_s, gain.one.songs_per_s, gain.throughput_ratio)
        table.add_row(gain.load, *(f"{number:.2f}" for number in (*latency, *rate)))
    return table


def _cells(spread: Percentiles) -> list[str]:
    return [f"{number:.2f}" for number in (spread.p50, spread.p95, spread.p99)]
