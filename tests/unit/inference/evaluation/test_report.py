"""Reports for programs and for people."""

import json

from inference.evaluation.estimate import Estimate
from inference.evaluation.report import Report, Row, Section

ROWS = (
    Row(2, "entropy", Estimate(2.5, 2.25, 2.75, 9), Estimate(2.66666, 2.4, 3.0, 9), "real ± 0.1", False),
    Row(9, "valid, %", None, Estimate(100.0, 100.0, 100.0, 9), "100", True),
    Row(13, "seconds", None, Estimate(4.0, 4.0, 4.0, 1)),
    Row(5, "unison, %", Estimate(float("nan"), 0.0, 0.0, 0), None, "as real"),
)
REPORT = Report({"checkpoint": "0123", "seed": 1}, (Section("Metal", ROWS, 12, 9, 9),), ("A note.",))


def test_json_is_plain_json_with_the_digits_that_were_measured() -> None:
    rows = json.loads(REPORT.to_json())["sections"][0]["rows"]
    assert rows[0]["generated"] == {"value": 2.6667, "low": 2.4, "high": 3.0, "count": 9}
    assert rows[0]["within"] is False
    assert rows[3]["real"]["value"] is None


def test_markdown_has_a_line_a_row_with_its_verdict() -> None:
    lines = REPORT.to_markdown().splitlines()
    assert lines[0] == "checkpoint: 0123, seed: 1"
    assert "9 generated songs beside 12 excerpts of 9 held-out songs." in lines
    assert "| 2 | entropy | 2.50 | 2.67 | 2.40 – 3.00 | real ± 0.1 | **no** |" in lines
    assert "| 9 | valid, % | – | 100 | 100 – 100 | 100 | yes |" in lines
    assert lines[-1] == "* A note."


def test_what_was_measured_once_has_no_interval() -> None:
    assert "| 13 | seconds | – | 4.00 |  |  |  |" in REPORT.to_markdown().splitlines()
