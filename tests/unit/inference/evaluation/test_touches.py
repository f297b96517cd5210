"""Touches are tuned by a verb, and a genre with few real songs shares that of its kin."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.commands.cli import main
from inference.evaluation import estimate, touches
from inference.midi import write_midi
from inference.model.checkpoint import save_checkpoint
from inference.music.score import Score
from inference.training.bank import build_bank
from inference.training.corpus import Source
from tests.fakes.logs import logging_restored
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import gridded, score_of
from tests.unit.inference.engine.tiny import tiny_composer


def _song(bars: int) -> Score:
    """A quartet that nobody else plays like."""
    score = quartet_score(bars)
    tracks = [score.tracks[0]]
    for number, track in enumerate(score.tracks[1:]):
        notes = score_of(gridded(10 * bars + number, 6 * bars)).tracks[0].notes
        tracks.append(replace(track, notes=tuple(replace(note, pitch=note.pitch - 12) for note in notes)))
    return replace(score, tracks=tuple(tracks))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which one is in, with a tiny checkpoint and a bank of three metal songs, two of them for validation."""
    sources = []
    for bars, split in ((33, "valid"), (36, "valid"), (40, "train"), (44, "test")):
        path = tmp_path / f"{split}-{bars}.mid"
        path.write_bytes(write_midi(_song(bars)))
        sources.append(Source(path, "metal", split))
    build_bank(sources)[0].save(tmp_path / "bank.npz")
    save_checkpoint(tiny_composer(), tmp_path / "tiny.safetensors", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "tiny.safetensors")
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
    assert "distance from real, deviations: found" in told
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
