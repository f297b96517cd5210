"""The whole evaluation with a tiny composer, and the verb's sentences."""

import json
import os
from pathlib import Path

import pytest

from inference.evaluation import estimate
from inference.evaluation.evaluate import evaluate
from inference.evaluation.material import SPLIT
from inference.evaluation.plan import Plan, Subject
from inference.midi import write_midi
from inference.model.checkpoint import save_checkpoint
from inference.music.score import Score
from inference.training.bank import build_bank
from inference.training.corpus import Source
from tests.fakes.command_line import run_lnh
from tests.fakes.scores import quartet_score
from tests.fakes.songs import CATALOGUE
from tests.fakes.tunes import gridded, index_of, score_of
from tests.unit.inference.engine.tiny import tiny_composer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank of held-out metal, a tiny checkpoint, and a file that is neither."""
    folder = tmp_path_factory.mktemp("eval")
    sources = []
    for bars in (32, 40):
        path = folder / f"{bars}.mid"
        path.write_bytes(write_midi(quartet_score(bars)))
        sources.append(Source(path, "metal", SPLIT))
    build_bank(sources)[0].save(folder / "held-out.npz")
    for number, genre in enumerate(("metal", "punk")):
        path = folder / f"{genre}.mid"
        path.write_bytes(write_midi(Score((*score_of(gridded(number, 600), gridded(number + 9, 600)).tracks,))))
        sources.append(Source(path, genre, "train"))
    build_bank(sources)[0].save(folder / "bank.npz")
    index_of(gridded(1, 600)).save(folder / "index.safetensors")
    save_checkpoint(tiny_composer(), folder / "tiny.safetensors", {})
    return folder


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, which one is in, with its checkpoint set."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "tiny.safetensors")
    return folder


def test_every_row_is_measured_and_the_same_seed_finds_the_same(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "RESAMPLES", 50)
    subject = Subject(place / "tiny.safetensors", (place / "bank.npz",), 1, place / "index.safetensors")
    plan = Plan((CATALOGUE.find("metal"),), songs=2, catalogue=CATALOGUE)
    told: list[str] = []
    first, second = (evaluate(subject, plan, CATALOGUE.complete, told.append) for _ in range(2))
    metal, speed = first.sections
    assert {row.number for row in metal.rows} == {1, 2, 3, 5, 6, 7, 8, 9, 10, 11}
    assert {row.number for row in speed.rows} == {13}
    # As JSON, for an interval that there is not is equal to nothing, not even to itself.
    found, again = (json.loads(report.to_json())["sections"][0] for report in (first, second))
    assert found == again
    exact = {row.name: row.within for row in metal.rows if row.target == "100"}
    assert set(exact.values()) == {True}
    assert "Metal: 2 of 2 songs" in told
    assert not any("There is no index" in note or "no training song" in note for note in first.notes)


def test_what_is_missing_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "RESAMPLES", 50)
    subject = Subject(place / "tiny.safetensors", (place / "held-out.npz",), 1)
    report = evaluate(subject, Plan((CATALOGUE.find("metal"),), songs=2), CATALOGUE.complete, print)
    assert {row.number for row in report.sections[0].rows} == {1, 2, 3, 5, 7, 9, 10}
    assert any("There is no index of originality beside the checkpoint" in note for note in report.notes)
    assert any("The banks hold no training song" in note for note in report.notes)


def test_a_genre_without_held_out_songs_says_so_and_keeps_the_rest(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "RESAMPLES", 50)
    subject = Subject(place / "tiny.safetensors", (place / "held-out.npz",), 1, place / "index.safetensors")
    genres = tuple(CATALOGUE.find(name) for name in ("metal", "jazz"))
    report = evaluate(subject, Plan(genres, songs=2, catalogue=CATALOGUE), CATALOGUE.complete, print)
    metal, jazz = report.sections[:2]
    assert "Too few held-out songs" in metal.note
    assert "No held-out song" in jazz.note
    assert jazz.note in report.to_markdown()
    assert (jazz.real_songs, jazz.generated_songs) == (0, 2)
    assert {7, 8, 9, 10} <= {row.number for row in jazz.rows}
    assert not any(row.real for row in jazz.rows)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--bank absent.npz", "there is no bank at absent.npz"),
        ("--bank 32.mid", "32.mid is not a bank"),
        ("--bank bank.npz --genres jazz", "no test song of genre jazz"),
        ("--bank bank.npz --genres polka", "polka"),
        ("--bank bank.npz --genres ,", "say which genres"),
        ("--bank bank.npz --genres metal --out 32.mid", "32.mid cannot be made"),
        ("", "--bank"),
    ],
)
def test_what_cannot_be_evaluated_is_one_clear_sentence(
    words: str, sentence: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _eval(words, monkeypatch) != 0
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert sentence in told


def test_without_a_checkpoint_the_sentence_says_so(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "absent.safetensors")
    assert _eval("--bank bank.npz --genres metal", monkeypatch) == 1
    assert "there is no checkpoint at absent.safetensors" in capsys.readouterr().err


def _eval(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("OMP_WAIT_POLICY", os.environ.get("OMP_WAIT_POLICY", ""))  # so that what is set is taken back
    return run_lnh(f"eval {words}", monkeypatch)
