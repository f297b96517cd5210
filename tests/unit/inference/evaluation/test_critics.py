"""Teaching and measuring the critic with a tiny composer, through the verbs."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.commands.cli import main
from inference.critic.judge import Critic
from inference.evaluation import critics, estimate
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
    """A folder, which one is in, with a tiny checkpoint and a bank."""
    sources = []
    for number, split in enumerate(("train", "valid")):
        for bars in (32 + number, 40 + number, 48 + number):
            path = tmp_path / f"{split}-{bars}.mid"
            path.write_bytes(write_midi(_song(bars)))
            sources.append(Source(path, "metal", split))
    build_bank(sources)[0].save(tmp_path / "bank.npz")
    save_checkpoint(tiny_composer(), tmp_path / "tiny.safetensors", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "tiny.safetensors")
    monkeypatch.setattr(critics, "SLOTS", 4)
    monkeypatch.setattr("inference.evaluation.choosing.RESAMPLES", 50)
    monkeypatch.setattr(estimate, "RESAMPLES", 50)
    return tmp_path


def _run(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["lnh", *words.split()])
    with logging_restored():
        return main()


def test_a_critic_is_taught_and_measured(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = "critic train --bank bank.npz --genres metal --songs 8 --out critic.safetensors"
    assert _run(learn, monkeypatch) == 0
    critic = Critic.load(place / "critic.safetensors")
    assert critic.genres == ("metal",)
    assert _run("critic measure --bank bank.npz --genres metal --songs 4 --takes 2 --out report", monkeypatch) == 0
    told = capsys.readouterr().out
    assert "written and real told apart, held out, %" in told
    assert "best of 2 by the critic" in told
    assert {"eval.json", "eval.md", "eval-05.png"} <= {file.name for file in (place / "report").iterdir()}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("measure --bank bank.npz --out report", "there is no critic beside the checkpoint"),
        ("measure --bank bank.npz --out report --split train", "--split is valid or test"),
        ("train --bank absent.npz --out critic", "there is no bank at absent.npz"),
        ("train --bank bank.npz --genres jazz --out critic", "no train song of genre jazz"),
    ],
)
def test_trouble_is_one_sentence(
    words: str, sentence: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.is_dir()
    assert _run(f"critic {words}", monkeypatch) != 0
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert sentence in told
