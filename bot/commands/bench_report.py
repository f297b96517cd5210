"""The results of `lnh bench`: figures and their targets, as tables and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from bot.commands.bench_decode import decode_entries, decode_table
from bot.commands.bench_load import LoadTimes
from bot.commands.bench_tables import clients_table, gains_table
from inference.evaluation.decoding import DecodeRow
from inference.evaluation.speed import DecodeSpeed
from inference.evaluation.spread import Spread

MIDI_WITHIN_S, FILES_WITHIN_S, TOGETHER_BELOW, ACKNOWLEDGED_BELOW_MS = 6.0, 15.0, 2.0, 300.0
BARS, TOGETHER = 32, 4  # what the targets are set for
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured. `load_before` is the load average before the benchmark started anything."""

    cpu: str
    cores: int
    torch: str
    threads: int
    slots: int
    render_workers: int
    checkpoint: str
    load_before: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: songs of `bars` bars, one alone and `together` at once, and `commands` in a chat."""

    genre: str = "metal"
    bars: int = BARS
    together: int = TOGETHER
    rounds: int = 3
    commands: int = 100
    command_every_s: float = 0.1


@dataclass(frozen=True, slots=True)
class SongTimes:
    """Seconds from the question until the MIDI file, and until the MP3 and the card too, have been fetched.

    `together_midi` songs are asked for as MIDI only, `together_files` with all files; the last one counts.
    """

    alone_midi: Spread
    alone_files: Spread
    together_midi: Spread
    together_files: Spread

    @property
    def midi_ratio(self) -> float:
        return self.together_midi.median / self.alone_midi.median

    @property
    def files_ratio(self) -> float:
        return self.together_files.median / self.alone_files.median


@dataclass(frozen=True, slots=True)
class ChatTimes:
    """Commands on one platform while every slot of the engine is taken, in milliseconds.

    Args:
        acknowledged_ms: from a command's first byte to the bot's acknowledgement: the last byte of its answer (Slack),
            or the arrival of its call (Discord).
        loop_late_ms: how late the bot's event loop got to a timer.
        steps_per_s: what the engine decoded meanwhile.
    """

    acknowledged_ms: Spread
    loop_late_ms: Spread
    steps_per_s: float


@dataclass(frozen=True, slots=True)
class Chats:
    """The platforms, each measured with a bot of its own."""

    slack: ChatTimes
    discord: ChatTimes

    def named(self) -> Iterator[tuple[str, ChatTimes]]:
        yield "Slack", self.slack
        yield "Discord", self.discord


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of one run."""

    machine: Machine
    plan: Plan
    decode: DecodeSpeed
    songs: SongTimes
    chat: Chats
    load: LoadTimes | None = None
    steps: tuple[DecodeRow, ...] = ()

    def targets(self) -> Iterator[tuple[str, float, float]]:
        """(name, measured, target) rows, where smaller is better; only for the song length that the targets are for."""
        if (self.plan.bars, self.plan.together) != (BARS, TOGETHER):
            return
        yield "MIDI, s", self.songs.alone_midi.median, MIDI_WITHIN_S
        yield "MP3 and card, s", self.songs.alone_files.median, FILES_WITHIN_S
        yield "together / alone, MIDI", self.songs.midi_ratio, TOGETHER_BELOW
        yield "together / alone, all files", self.songs.files_ratio, TOGETHER_BELOW
        for name, chat in self.chat.named():
            yield f"{name} acknowledged, p99, ms", chat.acknowledged_ms.p99, ACKNOWLEDGED_BELOW_MS

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints."""
        songs = asdict(self.songs) | {"midi_ratio": self.songs.midi_ratio, "files_ratio": self.songs.files_ratio}
        targets = [
            {"name": name, "measured": measured, "below": below, "met": measured < below}
            for name, measured, below in self.targets()
        ]
        load = None if self.load is None else self.load.to_dict()
        table = asdict(self) | {"songs": songs, "load": load, "steps": decode_entries(self.steps), "targets": targets}
        exact = json.dumps(table)
        rounded: dict[str, Any] = json.loads(exact, parse_float=lambda digits: round(float(digits), _DIGITS))
        return rounded

    def tables(self) -> Iterator[Table]:
        """The same as tables."""
        yield self._table()
        if self.steps:
            yield decode_table(self.steps)
        if self.load is not None:
            yield clients_table(self.load)
            yield gains_table(self.load)

    def _table(self) -> Table:
        machine, plan = self.machine, self.plan
        title = f"{machine.cpu}, {machine.cores} cores, torch {machine.torch}, load {machine.load_before:.1f} before"
        engine = f"{machine.checkpoint}, {machine.slots} slots, threads {machine.threads}"
        caption = f"{engine}, render workers {machine.render_workers}; {plan.bars} bars of {plan.genre}"
        table = Table(title=title, caption=caption)
        for name in ("", "median", "p99", "lowest", "highest", "target"):
            table.add_column(name, justify="left" if not name else "right")
        for label, spread, target in self._spreads():
            numbers = (spread.median, spread.p99, spread.low, spread.high)
            table.add_row(label, *(f"{number:.2f}" for number in numbers), target)
        for label, number, target in self._numbers():
            table.add_row(label, f"{number:.2f}", "", "", "", target)
        return table

    def _spreads(self) -> Iterator[tuple[str, Spread, str]]:
        songs, together = self.songs, f"{self.plan.together} together"
        yield "one song, MIDI, s", songs.alone_midi, f"≤ {MIDI_WITHIN_S:g}"
        yield "one song, all files, s", songs.alone_files, f"≤ {FILES_WITHIN_S:g}"
        yield f"{together}, MIDI only, s", songs.together_midi, ""
        yield f"{together}, all files, s", songs.together_files, ""
        for name, chat in self.chat.named():
            yield f"{name} command acknowledged, ms", chat.acknowledged_ms, f"p99 < {ACKNOWLEDGED_BELOW_MS:g}"
            yield f"event loop of the {name} bot late, ms", chat.loop_late_ms, ""

    def _numbers(self) -> Iterator[tuple[str, float, str]]:
        together = f"{self.plan.together} together / one"
        yield f"{together}, MIDI", self.songs.midi_ratio, f"< {TOGETHER_BELOW:g}"
        yield f"{together}, all files", self.songs.files_ratio, f"< {TOGETHER_BELOW:g}"
        yield "decoding one song, steps/s", self.decode.one, ""
        yield f"decoding {self.machine.slots} songs, steps/s", self.decode.all, ""
        for name, chat in self.chat.named():
            yield f"the same beside {name}, steps/s", chat.steps_per_s, ""
