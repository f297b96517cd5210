"""Teaching and measuring the critic with a tiny composer, through the verbs."""

from pathlib import Path

import pytest

from inference.critic.judge import Critic
from inference.evaluation import estimate
from tests.fakes.command_line import run_lnh
from tests.unit.inference.evaluation.strangers import furnish


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which one is in, with a tiny checkpoint and a bank."""
    lengths = {"train": (32, 40, 48), "valid": (33, 41, 49)}
    furnish(tmp_path, ((bars, split) for split, all_bars in lengths.items() for bars in all_bars), monkeypatch)
    monkeypatch.setattr("inference.evaluation.choosing.RESAMPLES", 50)
    monkeypatch.setattr(estimate, "RESAMPLES", 50)
    return tmp_path


def test_a_critic_is_taught_and_measured(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = "critic train --bank bank.npz --genres metal --songs 8 --out critic.safetensors"
    assert run_lnh(learn, monkeypatch) == 0
    critic = Critic.load(place / "critic.safetensors")
    assert critic.genres == ("metal",)
    assert run_lnh("critic measure --bank bank.npz --genres metal --songs 4 --takes 2 --out report", monkeypatch) == 0
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
    assert run_lnh(f"critic {words}", monkeypatch) != 0
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert sentence in told
