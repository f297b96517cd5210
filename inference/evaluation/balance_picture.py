"""The balance of every genre's mix as a picture."""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inference.evaluation.balance import LIMIT_LU, Balance
from inference.music.genre import Genre
from inference.music.program import Role

_COLOURS = {
    Role.DRUMS: "#444444",
    Role.BASS: "#7b3fb5",
    Role.RHYTHM: "#c8502d",
    Role.LEAD: "#e0208a",
    Role.KEYS: "#2f6fd0",
    Role.STRINGS: "#2e8b57",
    Role.WINDS: "#c39b2a",
    Role.SYNTH: "#00a3a3",
    Role.OTHER: "#999999",
}
_STAGES = (
    ("drums", "drum bus", "#444444"),
    ("glue", "glue of the whole", "#2f6fd0"),
    ("limiter", "limiter", "#c8502d"),
)


def draw_balance(genres: Sequence[Genre], balances: dict[str, Balance]) -> Figure:
    """Each role's loudness in the mix over what is wanted, and what compressors and limiter take away."""
    figure = Figure(figsize=(14, 9), layout="constrained")
    levels, work = figure.subplots(2, 1, height_ratios=(3, 2), sharex=True)
    _draw_levels(levels, [balances[genre.name] for genre in genres])
    _draw_work(work, [balances[genre.name] for genre in genres])
    work.set_xticks(np.arange(len(genres)), [genre.name for genre in genres], rotation=60, ha="right", fontsize=8)
    return figure


def _draw_levels(plot: Axes, balances: list[Balance]) -> None:
    for role, colour in _COLOURS.items():
        found = [(place, one.levels[role]) for place, one in enumerate(balances) if role in one.levels]
        if not found:
            continue
        shift = 0.08 * (list(_COLOURS).index(role) - 4)
        places = np.array([place + shift for place, _ in found])
        wanted = [level.wanted for _, level in found]
        plot.errorbar(places, wanted, yerr=LIMIT_LU, fmt="none", ecolor=colour, alpha=0.35, linewidth=5)
        plot.plot(places, [level.heard for _, level in found], "o", color=colour, markersize=6, label=role.value)
    plot.set(title="loudness of each role against all together, LU (bars: what its preset wants, and 1.5 LU around it)")
    plot.grid(visible=True, axis="y", alpha=0.3)
    plot.legend(ncols=len(_COLOURS), fontsize=8, loc="lower center")


def _draw_work(plot: Axes, balances: list[Balance]) -> None:
    for number, (name, label, colour) in enumerate(_STAGES):
        found = [attrgetter(name)(one) for one in balances]
        places = np.arange(len(found)) + 0.27 * (number - 1)
        plot.bar(places, [one.most_db for one in found], 0.25, color=colour, alpha=0.4)
        plot.bar(places, [one.mean_db for one in found], 0.25, color=colour, label=label)
    plot.set(title="taken away, dB (full: on average; pale: 95th percentile of the milliseconds)")
    plot.grid(visible=True, axis="y", alpha=0.3)
    plot.legend(fontsize=8)
