"""Figures and plots of how every genre sounds: the same sound check, played by each genre's band."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.signal
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from inference.evaluation.balance import Balance, balance_of
from inference.evaluation.balance_picture import draw_balance
from inference.evaluation.sound import BANDS_HZ, SoundFigures, measure
from inference.evaluation.tonal_balance import wanted_octaves
from inference.music.genre import Genre, GenreCatalogue
from inference.music.score import Score
from inference.render.master import mastered
from inference.render.signal import Audio
from inference.render.soundcheck import sound_check
from inference.render.studio import Studio
from inference.render.synth import RATE

_BARS = 9
_COLUMNS = 6
_POINTS_PER_OCTAVE = 6
_BARS_OF = (
    ("crest_db", "crest factor, dB"),
    ("range_lu", "loudness range, LU"),
    ("width_db", "sides against middle, dB"),
    ("true_peak_db", "true peak, dBTP"),
)


class SoundReport:
    """Figures and spectra of all genres of a catalogue."""

    def __init__(self, studio: Studio, catalogue: GenreCatalogue) -> None:
        self._studio = studio
        self._genres = catalogue.genres
        self.figures: dict[str, SoundFigures] = {}
        self.balances: dict[str, Balance] = {}
        self._spectra: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def play(self) -> Iterator[str]:
        """Plays and measures genre after genre; yields each one's name when it is done. Raises RenderFailed."""
        for genre in self._genres:
            score, sound = _check(genre), self._studio.sounds.of(genre.name)
            stems = list(self._studio.stems(score, genre.roster, genre.name))
            mix = np.sum([stem.audio for stem in stems], axis=0)
            finished = mastered(mix, RATE, sound)
            quarter_s = 60.0 / score.tempos[0].tempo
            self.balances[genre.name] = balance_of(stems, finished, sound, quarter_s)
            self.figures[genre.name] = measure(finished.audio, RATE)
            self._spectra[genre.name] = _spectrum(finished.audio, RATE)
            yield genre.name

    def draw(self, folder: Path) -> list[Path]:
        """Writes `spectra.png`, `dynamics.png` and `balance.png` into an existing folder."""
        pictures = {
            "spectra.png": self._draw_spectra(),
            "dynamics.png": self._draw_figures(),
            "balance.png": draw_balance(self._genres, self.balances),
        }
        for name, picture in pictures.items():
            picture.savefig(folder / name, dpi=110)
        return [folder / name for name in pictures]

    def _draw_spectra(self) -> Figure:
        """Each genre over what its octaves should be like."""
        rows = -(-len(self._genres) // _COLUMNS)
        figure = Figure(figsize=(16, 2.9 * rows), layout="constrained")
        axes = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
        for plot, genre in zip(axes, self._genres, strict=False):
            hertz, levels = self._spectra[genre.name]
            wanted = wanted_octaves(genre.name) - 10 * np.log10(_POINTS_PER_OCTAVE)
            plot.semilogx(BANDS_HZ, wanted, color="0.6", linewidth=1.2)
            plot.semilogx(hertz, levels, color=genre.colour, linewidth=1.8)
            plot.set(title=genre.title, xlim=(25, 20_000), ylim=(-52, -4))
            plot.grid(visible=True, which="major", alpha=0.3)
        for plot in axes[len(self._genres) :]:
            plot.set_axis_off()
        figure.supxlabel("Hz")
        figure.supylabel("power in a sixth of an octave, dB of the whole (grey: what is wanted)")
        return figure

    def _draw_figures(self) -> Figure:
        figure = Figure(figsize=(14, 8), layout="constrained")
        for plot, (name, label) in zip(figure.subplots(2, 2).ravel(), _BARS_OF, strict=True):
            self._draw_bars(plot, name, label)
        return figure

    def _draw_bars(self, plot: Axes, name: str, label: str) -> None:
        values = [getattr(self.figures[genre.name], name) for genre in self._genres]
        places = np.arange(len(values))
        plot.bar(places, values, color=[genre.colour for genre in self._genres])
        plot.set_xticks(places, [genre.name for genre in self._genres], rotation=60, ha="right", fontsize=8)
        plot.set_title(label)
        plot.grid(visible=True, axis="y", alpha=0.3)


def rows(figures: dict[str, SoundFigures], balances: dict[str, Balance]) -> list[dict[str, object]]:
    """The figures as plain values, a row a genre."""
    return [_row(name, one, balances[name]) for name, one in figures.items()]


def _row(name: str, one: SoundFigures, balance: Balance) -> dict[str, object]:
    off = np.array(one.bands_db) - wanted_octaves(name)
    return {
        "genre": name,
        "lufs": round(one.lufs, 2),
        "true_peak_db": round(one.true_peak_db, 2),
        "crest_db": round(one.crest_db, 2),
        "range_lu": round(one.range_lu, 2),
        "width_db": round(one.width_db, 2),
        "correlation": round(one.correlation, 3),
        "dc": round(one.dc, 6),
        "octaves_db": {f"{hertz:g}": round(level, 1) for hertz, level in zip(BANDS_HZ, one.bands_db, strict=True)},
        "octaves_off_db": {f"{hertz:g}": round(float(by), 1) for hertz, by in zip(BANDS_HZ, off, strict=True)},
        "roles_lu": {role.value: round(level.heard, 1) for role, level in balance.levels.items()},
        "roles_off_lu": {role.value: round(level.heard - level.wanted, 1) for role, level in balance.levels.items()},
        "most_off_lu": round(max(abs(level.heard - level.wanted) for level in balance.levels.values()), 1),
        "drum_bus_db": [round(balance.drums.mean_db, 1), round(balance.drums.most_db, 1)],
        "drum_bus_recovery": round(balance.recovery, 2),
        "glue_db": [round(balance.glue.mean_db, 1), round(balance.glue.most_db, 1)],
        "limiter_db": [round(balance.limiter.mean_db, 1), round(balance.limiter.most_db, 1)],
    }


def _check(genre: Genre) -> Score:
    return sound_check(genre.roster, sum(genre.tempo_range) / 2, _BARS)


def _spectrum(audio: Audio, rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (Hz) and power of bands of a sixth of an octave, in dB of the whole."""
    hertz, density = scipy.signal.welch(audio.mean(axis=0), rate, nperseg=16_384)
    edges = 25.0 * 2.0 ** (np.arange(0, 9.7 * _POINTS_PER_OCTAVE) / _POINTS_PER_OCTAVE)
    power = np.array([density[(hertz >= low) & (hertz < high)].sum() for low, high in pairwise(edges)])
    return np.sqrt(edges[1:] * edges[:-1]), 10 * np.log10(power / power.sum() + 1e-9)
