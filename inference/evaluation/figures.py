"""The report as pictures: each metric of each genre, generated beside real, with intervals."""

import textwrap
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from inference.evaluation.estimate import Estimate
from inference.evaluation.report import Report, Row

TITLES = {
    1: "Bits per note",
    2: "Tones and groove",
    3: "Structure",
    4: "Overlap with real songs",
    5: "The band plays together",
    6: "Genre",
    7: "It obeys",
    8: "Originality",
    9: "Validity",
    10: "Degeneration",
    11: "Infill and continuation",
    12: "The latent",
    13: "Speed",
}
_REAL, _GENERATED = "#4a6d8c", "#b3202c"
_COLUMNS = 3
_WIDTH, _LINE, _EDGE = 4.0, 0.36, 0.85  # inches: of one metric; of a genre in it; above and below it
_LABEL = 22  # letters a line of a label
_DPI = 110

_Entry = tuple[str, Row]


def draw(report: Report, folder: Path) -> list[Path]:
    """Writes one PNG a metric's number, such as `eval-03.png`, and returns them in that order. Raises OSError."""
    metrics: dict[int, dict[str, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    for section in report.sections:
        for row in section.rows:
            if row.generated is not None:
                metrics[row.number][_common_name(row)].append((section.title, row))
    return [_draw_number(number, metrics[number], folder) for number in sorted(metrics)]


def _draw_number(number: int, metrics: dict[str, list[_Entry]], folder: Path) -> Path:
    columns = min(_COLUMNS, len(metrics))
    rows = -(-len(metrics) // columns)
    tallest = max(map(len, metrics.values()))
    figure = Figure((columns * _WIDTH, rows * (tallest * _LINE + _EDGE) + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, entries) in zip(axes, metrics.items(), strict=False):
        _draw_metric(axis, name, entries)
    for axis in axes[len(metrics) :]:
        axis.set_visible(False)
    figure.suptitle(f"{number}  {TITLES.get(number, '')}", x=0.01, ha="left", fontweight="bold")
    handles = [_handle(_GENERATED, "generated")]
    if any(row.real for entries in metrics.values() for _, row in entries):
        handles.insert(0, _handle(_REAL, "real, held out"))
    figure.legend(handles=handles, loc="upper right", ncols=2, frameon=False)
    file = folder / f"eval-{number:02}.png"
    figure.savefig(file, dpi=_DPI, bbox_inches="tight", metadata={"Software": None})
    return file


def _draw_metric(axis: Axes, name: str, entries: Sequence[_Entry]) -> None:
    for place, (_, row) in enumerate(entries):
        if row.real is not None:
            _draw_estimate(axis, row.real, place - 0.13, _REAL)
        if row.generated is not None:
            _draw_estimate(axis, row.generated, place + 0.13, _GENERATED)
    axis.set_yticks(range(len(entries)), [textwrap.fill(title, _LABEL) for title, _ in entries])
    axis.set_ylim(len(entries) - 0.5, -0.5)
    axis.set_title(name, fontsize="small")
    axis.margins(x=0.12)
    axis.tick_params(labelsize="small")
    axis.grid(axis="x", alpha=0.3)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _draw_estimate(axis: Axes, estimate: Estimate, place: float, colour: str) -> None:
    axis.plot((estimate.low, estimate.high), (place, place), color=colour, linewidth=2, alpha=0.5)
    axis.plot((estimate.value,), (place,), "o", color=colour, markersize=5)


def _handle(colour: str, label: str) -> Line2D:
    return Line2D([], [], color=colour, marker="o", linewidth=2, label=label)


def _common_name(row: Row) -> str:
    """Without numbers that differ from genre to genre."""
    return "bars of as many notes as real p1–p99, %" if row.name.startswith("bars of ") else row.name
