"""The report of an evaluation: rows of figures, as JSON and as Markdown tables for the model card."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from inference.evaluation.estimate import Estimate

_DIGITS = 4
_HEAD = ("#", "metric", "real", "generated", "95 % interval", "target", "within?")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its real counterpart; None where there is none to give.

    Args:
        number: of the metric in the list of metrics.
        name: with its unit.
        real: of held-out songs.
        generated: of the model or its songs.
        target: in words.
        within: whether the target is met.
    """

    number: int
    name: str
    real: Estimate | None
    generated: Estimate | None
    target: str = ""
    within: bool | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one genre, and how many pieces they rest on."""

    title: str
    rows: tuple[Row, ...]
    real_excerpts: int = 0
    real_songs: int = 0
    generated_songs: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All sections. `setting` says what was evaluated, where and how; `notes` what a reader must know."""

    setting: dict[str, str | int | float]
    sections: tuple[Section, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Indented JSON; no more digits than were measured, null instead of what is not a number."""
        return json.dumps(_plain(asdict(self)), indent=2, ensure_ascii=False)

    def to_markdown(self) -> str:
        """Tables for people."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield ", ".join(f"{name}: {value}" for name, value in self.setting.items())
        for section in self.sections:
            yield from ("", f"### {section.title}", "")
            if section.generated_songs:
                excerpts = f"{section.real_excerpts} excerpts of {section.real_songs} held-out songs"
                yield from (f"{section.generated_songs} generated songs beside {excerpts}.", "")
            if section.note:
                yield from (section.note, "")
            yield _line(_HEAD)
            yield _line("---" for _ in _HEAD)
            yield from (_line(_cells(row)) for row in section.rows)
        yield ""
        yield from (f"* {note}" for note in self.notes)


def _cells(row: Row) -> tuple[str, ...]:
    generated = row.generated
    # What was measured once has no interval.
    interval = f"{_number(generated.low)} – {_number(generated.high)}" if generated and generated.count > 1 else ""
    within = {True: "yes", False: "**no**", None: ""}[row.within]
    return (str(row.number), row.name, _value(row.real), _value(generated), interval, row.target, within)


def _value(estimate: Estimate | None) -> str:
    return "–" if estimate is None else _number(estimate.value)


def _number(value: float) -> str:
    """Three significant digits, at most three after the point."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3}f}"


def _line(cells: Iterator[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: Any) -> Any:
    """The same with floats rounded and NaN as None, so that every JSON reader takes it."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value
