"""Figures: one a metric, of all genres, readable by whoever reads PNG."""

from pathlib import Path

from PIL import Image

from inference.evaluation.estimate import Estimate
from inference.evaluation.figures import draw
from inference.evaluation.report import Report, Row, Section


def _row(number: int, name: str, real: float | None, generated: float | None) -> Row:
    def estimate(value: float | None) -> Estimate | None:
        return None if value is None else Estimate(value, value - 1, value + 1, 4)

    return Row(number, name, estimate(real), estimate(generated))


REPORT = Report(
    {},
    (
        Section(
            "Metal", (_row(1, "bits", None, 3), _row(3, "L1, %", 20, 30), _row(10, "bars of 1 to 9 notes", 90, 95))
        ),
        Section(
            "Jazz", (_row(1, "bits", None, 4), _row(3, "L1, %", 10, None), _row(10, "bars of 2 to 5 notes", 90, 9))
        ),
    ),
    (),
)


def test_every_metric_has_its_picture(tmp_path: Path) -> None:
    pictures = draw(REPORT, tmp_path)
    assert [picture.name for picture in pictures] == ["eval-01.png", "eval-03.png", "eval-10.png"]
    sizes = []
    for picture in pictures:
        with Image.open(picture) as image:
            image.load()
            assert image.format == "PNG"
            assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 10
            sizes.append(image.size)
    # Both genres share one panel, though real songs have other numbers in the name.
    assert sizes[2] == sizes[0]


def test_the_same_report_draws_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = ([file.read_bytes() for file in draw(REPORT, tmp_path / name)] for name in ("one", "two"))
    assert first == second
