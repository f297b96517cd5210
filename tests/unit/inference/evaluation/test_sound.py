from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.evaluation.sound import measure
from inference.evaluation.sound_report import SoundReport, rows
from inference.music.genre import GenreCatalogue, load_catalogue
from inference.render.sounds import DEFAULT_SOUNDS
from inference.render.studio import Studio

RATE = 48_000
CATALOGUE = load_catalogue(DEFAULT_SOUNDS.parent / "genres.toml")


def sine(hertz: float, level: float, seconds: float = 6.0) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave]).astype(np.float32)


def test_a_sine_has_three_decibels_of_crest_no_range_and_no_width() -> None:
    figures = measure(sine(1_000, 0.5), RATE)
    assert figures.crest_db == pytest.approx(3.01, abs=0.05)
    assert figures.true_peak_db == pytest.approx(-6.02, abs=0.05)
    assert figures.range_lu == pytest.approx(0, abs=0.1)
    assert figures.width_db == -np.inf
    assert figures.correlation == pytest.approx(1.0)
    assert int(np.argmax(figures.bands_db)) == 5


def test_noise_that_differs_on_both_sides_is_as_wide_as_its_middle() -> None:
    noise = (np.random.default_rng(1).standard_normal((2, 6 * RATE)) * 0.1).astype(np.float32)
    figures = measure(noise, RATE)
    assert figures.width_db == pytest.approx(0, abs=0.2)
    assert figures.correlation == pytest.approx(0, abs=0.02)


def test_a_soft_half_and_a_loud_half_have_their_difference_as_range() -> None:
    both = np.concatenate([sine(1_000, 0.05, 20), sine(1_000, 0.2, 20)], axis=1)
    assert measure(both, RATE).range_lu == pytest.approx(12, abs=1)


def test_an_offset_is_seen() -> None:
    assert measure(sine(1_000, 0.5) + np.float32(0.01), RATE).dc == pytest.approx(0.01, abs=1e-4)


def test_a_report_has_a_row_for_each_genre_and_three_pictures(tmp_path: Path) -> None:
    some = GenreCatalogue((CATALOGUE.find("metal"), CATALOGUE.find("hip-hop")))
    report = SoundReport(Studio.open(), some)
    assert list(report.play()) == ["metal", "hip-hop"]
    metal, hip_hop = rows(report.figures, report.balances)
    assert metal["lufs"] == pytest.approx(-14, abs=0.3)
    assert metal["width_db"] > hip_hop["width_db"]
    assert set(metal["roles_lu"]) == {"drums", "bass", "rhythm", "lead"}
    pictures = report.draw(tmp_path)
    assert [path.name for path in pictures] == ["spectra.png", "dynamics.png", "balance.png"]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size[0] > 1_000
