"""Touches are tuned by a verb, and a genre with few real songs shares that of its kin."""

import json
import sys
from pathlib import Path

import pytest

from bot.commands.cli import main
from inference.evaluation import estimate, touches
from tests.fakes.logs import logging_restored
from tests.unit.inference.evaluation.strangers import furnish


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which one is in, with a tiny checkpoint and a bank of three metal songs, two of them for validation."""
    furnish(tmp_path, ((33, "valid"), (36, "valid"), (40, "train"), (44, "test")), monkeypatch)
    monkeypatch.setattr(estimate, "RESAMPLES", 20)
    return tmp_path


def _run(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["lnh", *words.split()])
    with logging_restored():
        return main()


def test_a_touch_is_tuned_by_the_verb(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(touches, "MIN_SONGS", 3)
    monkeypatch.setattr("inference.evaluation.leading.MOVES", {"kick": 0.8, "again": 0.25})
    assert _run("touch --bank bank.npz --genres metal --songs 8 --steps 1 --out report", monkeypatch) == 0
    told = capsys.readouterr().out
    assert "L1, %: at present" in told
    assert "distance from real, units: found" in told
    known = json.loads((place / "report" / "touch.json").read_text(encoding="utf-8"))
    assert set(known["touches"]) == {"metal"}
    assert (place / "report" / "touch.toml").read_text(encoding="utf-8").startswith("# metal\ntouch = {")


def test_a_genre_with_few_real_songs_shares_the_touch_of_its_kin(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("touch --bank bank.npz --genres nu-metal,metal --json", monkeypatch) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["touches"]["nu-metal"]["touch"] == known["touches"]["metal"]["touch"]
    notes = [section["note"] for section in known["report"]["sections"]]
    assert all(f"{touches.MIN_SONGS} are needed" in note for note in notes)
    assert "It has 3 real songs" in notes[0], "songs of the test split are not counted"
