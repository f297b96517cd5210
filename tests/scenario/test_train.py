"""Training from the command line: on a folder of files, stopped and gone on with, and refused in one sentence."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import torch

from bot.commands.cli import main
from inference.latent.features import PLACES
from inference.latent.steering import Steering
from inference.midi import write_midi
from inference.model.checkpoint import load_checkpoint
from inference.music.packed import pack
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player, SamplingParams, SongSpec, Space
from inference.originality.index import OriginalityIndex
from inference.training.course import take_course
from inference.training.start import read_config, start_training
from inference.training.train import Run
from inference.training.trouble import CannotTrain
from tests.fakes.logs import logging_restored
from tests.fakes.scores import quartet_score, retuned

CONFIG = """
name = "tiny"
minutes = {minutes}
genres = ["punk"]
width = 32
layers = 1
heads = 2
kv_heads = 1
hidden = 48
cascade_width = 32
window = 64
batch = 2
compile = false
"""


SPACE = "latent = 8\nsketch_minutes = 0.01\nprior_minutes = 0.01\nprior_stock = 1536\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with nine songs in `songs`, one of them broken, and a config for an hour."""
    for number in range(9):
        genre = tmp_path / "songs" / ("metal" if number % 2 else "jazz")
        genre.mkdir(parents=True, exist_ok=True)
        (genre / f"{number}.mid").write_bytes(write_midi(retuned(quartet_score(bars=9 + number), number)))
    (tmp_path / "songs" / "metal" / "broken.mid").write_bytes(b"MThd but no more")
    (tmp_path / "tiny.toml").write_text(CONFIG.format(minutes=60))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _updates(run: Path) -> list[int]:
    return [json.loads(line)["updates"] for line in (run / "log.jsonl").read_text("utf-8").splitlines()]


def test_a_run_that_is_stopped_goes_on_where_it_was_and_ends_in_a_checkpoint(place: Path) -> None:
    command = [sys.executable, "-m", "bot", "train", "--config", "tiny.toml", "--midi", "songs", "--out", "run"]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        [*command, "--threads", "1"], env=os.environ | {"LNH_LOG_FORMAT": "json"}, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            first = next(line for line in process.stderr or () if '"train"' in line)
            process.send_signal(signal.SIGTERM)
            said, trouble = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, first + trouble
    assert [line.split(maxsplit=1) for line in said.splitlines()[:2]] == [["9", "kept"], ["1", "unreadable"]]
    stopped_at = int(said.splitlines()[-1].partition("in all: ")[2].partition(";")[0])
    assert stopped_at >= 20

    trained_s = torch.load(place / "run" / "state.pt", weights_only=True)["trained_s"]
    Path("tiny.toml").write_text(CONFIG.format(minutes=(trained_s + 1) / 60))
    told: list[str] = []
    end = start_training(Path("tiny.toml"), Path("songs"), Path("run"), told.append)
    assert end.is_finished
    assert end.updates > stopped_at
    assert _updates(place / "run") == sorted(_updates(place / "run"))
    assert _updates(place / "run")[-1] == end.updates
    assert len(told) == 2
    assert "9 files packed in run/bank.npz" in told[0]
    assert told[1] == "originality: 8 songs of the folder will not be copied"
    assert load_checkpoint(end.checkpoint).config.genres == ("jazz", "metal")


def test_two_processes_train_one_run_and_one_that_dies_is_told(place: Path) -> None:
    Path("tiny.toml").write_text(CONFIG.format(minutes=0.05))
    arguments = (Path("tiny.toml"), Path("songs"), Path("run"), lambda _: None)
    end = start_training(*arguments, processes=2)
    assert end.is_finished
    lines = [json.loads(line) for line in Path("run/log.jsonl").read_text("utf-8").splitlines()]
    # A batch is two windows of 64 steps, some of which are filled up: one process never sees more an update.
    assert max(line["steps"] / line["updates"] for line in lines) > 128
    assert lines[-1]["processor_minutes"] > 0

    settings = read_config(Path("tiny.toml")).model_copy(
        update={"minutes": 60.0, "banks": [Path("run/bank.npz")], "genres": ["jazz", "metal"]}
    )
    run = Run(settings, Path("other"))

    def stopped() -> bool:
        if run.updates == 3:
            next(helper for helper in active_children() if not helper.daemon).kill()
        return False

    with pytest.raises(CannotTrain, match="one of the training processes ended; the same command goes on"):
        take_course(run, None, {}, lambda _: None, stopped, processes=2)
    assert not [helper for helper in active_children() if not helper.daemon]
    run = Run(settings, Path("other"))
    run.settings = settings.model_copy(update={"width": 48})  # so that the other cannot read the state
    with pytest.raises(CannotTrain, match="one of the training processes ended"):
        take_course(run, None, {}, lambda _: None, lambda: False, processes=2)
    run = Run(settings, Path("other"))
    assert take_course(run, None, {}, lambda _: None, lambda: run.updates == 2, processes=2) is False
    assert run.updates == 2


def test_an_embedding_space_may_join_a_run_that_is_under_way(place: Path) -> None:
    Path("tiny.toml").write_text(CONFIG.format(minutes=0.01))
    start_training(Path("tiny.toml"), Path("songs"), Path("run"), lambda _: None)
    Path("tiny.toml").write_text(CONFIG.format(minutes=0.03) + SPACE)
    told: list[str] = []
    end = start_training(Path("tiny.toml"), Path("songs"), Path("run"), told.append)
    steering = Steering.load(end.checkpoint)
    assert steering is not None
    spec = SongSpec((("metal", 1.0),), 8, None, 150.0, Meter(), (Player.of(Role.DRUMS), Player.of(Role.BASS)), 4)
    first, again, other = (steering.course(spec, SamplingParams(seed, space=Space.EMBEDDING)) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.cells.shape == (8, 2)
    assert first.rows.shape == (first.cells.max() + 1, PLACES, load_checkpoint(end.checkpoint).config.width)
    assert np.array_equal(first.cells, again.cells)
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.table, other.table)
    assert steering.course(spec, SamplingParams(1)) is None
    song, twin, stranger = (pack(retuned(quartet_score(9), seed)) for seed in (0, 0, 5))
    assert steering.similarity(song, twin) == pytest.approx(1.0, abs=1e-5)
    assert steering.similarity(song, stranger) < 0.999
    assert any(line.startswith("prior: ") for line in told)


def test_a_band_learns_own_songs_on_top_of_what_it_knows_and_copies_neither(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tiny.toml").write_text(CONFIG.format(minutes=0.03) + SPACE)
    first = start_training(Path("tiny.toml"), Path("songs"), Path("first"), lambda _: None).checkpoint
    first.with_name("critic.safetensors").write_bytes(b"the critic")
    own = place / "own" / "ska"
    own.mkdir(parents=True)
    for number in range(8):
        (own / f"{number}.mid").write_bytes(write_midi(retuned(quartet_score(bars=9), 20 + number)))
    Path("own.toml").write_text('name = "own"\nminutes = 0.03\nbatch = 2\ncompile = false\ngenres = []\n')
    assert _lnh(f"train --config own.toml --midi own --begin-with {first} --out second", monkeypatch) == 0

    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ska set aside: ") and line.endswith(" before") for line in said)
    assert any(line == "originality: 7 songs of the folder will not be copied" for line in said)
    second = Path("second/second.safetensors")
    before, after = load_checkpoint(first), load_checkpoint(second)
    assert after.config == replace(before.config, genres=("jazz", "metal", "ska"))
    assert not torch.equal(after.norm.weight, before.norm.weight)
    assert OriginalityIndex.load(second.with_name("originality.safetensors")).songs == 7 + 8
    assert second.with_name("critic.safetensors").read_bytes() == b"the critic"
    assert Steering.load(second) is not None
    assert _lnh(f"train --config own.toml --midi own --begin-with {second} --out second", monkeypatch) == 1
    assert "second.safetensors is what this run itself wrote; name what it began with" in capsys.readouterr().err


def test_a_larger_model_can_begin_with_a_smaller_one(place: Path) -> None:
    Path("tiny.toml").write_text(CONFIG.format(minutes=0.01))
    first = start_training(Path("tiny.toml"), Path("songs"), Path("first"), lambda _: None).checkpoint
    config = CONFIG.format(minutes=0.02).replace("layers = 1", "layers = 2")
    Path("larger.toml").write_text(f'begin_with = "{first}"\n{config}')
    end = start_training(Path("larger.toml"), Path("songs"), Path("second"), lambda _: None)
    assert load_checkpoint(end.checkpoint).config.layers == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train --config absent.toml", "absent.toml cannot be read"),
        ("train --config songs/metal/broken.mid", "broken.mid is not TOML"),
        ("train --config wrong.toml", "wrong.toml is wrong at minutes"),
        ("train --config tiny.toml", "the config names no banks"),
        ("train --config banks.toml", "there is no bank at nowhere.npz; make it with `lnh bank FOLDER nowhere.npz"),
        ("train --config tiny.toml --midi absent", "absent is not a folder"),
        ("train --config tiny.toml --midi songs --begin-with absent", "there is no checkpoint at absent"),
        ("train --config tiny.toml --midi empty", "no MIDI file to learn from in empty"),
        ("bank empty bank.npz", "no MIDI file to learn from in empty"),
        ("index --bank nowhere.npz --out index", "there is no bank at nowhere.npz"),
        ("bank songs bank.npz --manifest tiny.toml", "say which genres"),
        ("bank songs bank.npz --manifest tiny.toml --genres metal", "the manifest tiny.toml cannot be read"),
    ],
)
def test_what_cannot_be_trained_on_is_one_clear_sentence(
    words: str, sentence: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "empty").mkdir()
    (place / "wrong.toml").write_text(CONFIG.format(minutes=-1))
    (place / "banks.toml").write_text(CONFIG.format(minutes=1) + 'banks = ["nowhere.npz"]')
    assert _lnh(words, monkeypatch) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert sentence in told


def test_without_the_extra_package_the_command_that_installs_it_is_told(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "symusic", None)
    assert _lnh("train --config tiny.toml", monkeypatch) == 1
    assert capsys.readouterr().err == "lnh: training needs symusic: .venv/bin/pip install 'lnh-band[train]'\n"


def test_a_bank_is_packed_and_says_what_was_left_out(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _lnh("bank songs made/here.npz", monkeypatch) == 0
    said = capsys.readouterr().out
    assert said.split()[:4] == ["9", "kept", "1", "unreadable"]
    assert said.split()[-1] == "made/here.npz"
    assert "all genres" in said
    assert [file.name for file in (place / "made").iterdir()] == ["here.npz"]


def _lnh(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    for name in ("OMP_WAIT_POLICY", "OMP_NUM_THREADS", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # so that what the verb sets is taken back
    monkeypatch.setattr(sys, "argv", ["lnh", *words.split()])
    with logging_restored():
        return main()
