"""The real thing without a trained model: real engine, sound and processes; only the weights are drawn by lot."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from inference.model.checkpoint import save_checkpoint
from tests.unit.inference.engine.tiny import tiny_composer


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_checkpoint(tiny_composer(), path, {})
    return path


@pytest.fixture
def environment(checkpoint: Path) -> dict[str, str]:
    """No settings of a developer's, a free port, and a test's weights."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LNH_")}
    return kept | {
        "LNH_INFERENCE_CHECKPOINT": str(checkpoint),
        "LNH_INFERENCE_PORT": port,
        "LNH_INFERENCE_URL": f"http://127.0.0.1:{port}",
    }


@contextmanager
def lnh(words: Sequence[str], folder: Path, environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """`lnh` as a process in `folder`; killed at the end if it still runs."""
    command = (sys.executable, "-m", "bot", *words)
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_until(stream: IO[str] | None, words: str) -> str:
    for line in stream or ():
        if words in line:
            return line
    raise AssertionError(f"the output ended before “{words}”")


def _type(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin is None:
        raise AssertionError("no standard input")
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _answers(environment: dict[str, str]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(environment["LNH_INFERENCE_PORT"]))) == 0


def test_run_plays_in_the_terminal_and_stops_cleanly_when_told_to(tmp_path: Path, environment: dict[str, str]) -> None:
    with lnh(["run"], tmp_path, environment) as process:
        _read_until(process.stdout, "LnH is here")
        _type(process, "/compose metal 150bpm 4 bars seed 7")
        _read_until(process.stdout, ".mid")
        song = next((tmp_path / "out").glob("*.mid"))
        assert (song.with_suffix(".mp3")).stat().st_size > 10_000
        assert (song.with_suffix(".png")).read_bytes().startswith(b"\x89PNG")
        assert _answers(environment)
        with lnh(["replay", str(song), "--out", "again"], tmp_path, environment) as replay:
            told, trouble = replay.communicate(timeout=60)
            assert replay.returncode == 0, trouble
            assert "identical" in told
        process.send_signal(signal.SIGTERM)
        _, trouble = process.communicate(timeout=60)
        assert process.returncode == 0, trouble
        assert trouble == ""
    assert not _answers(environment)


def test_the_service_goes_when_whoever_started_it_is_gone(tmp_path: Path, environment: dict[str, str]) -> None:
    with lnh(["serve", "--until-stdin-closes"], tmp_path, environment) as process:
        assert environment["LNH_INFERENCE_URL"] in _read_until(process.stdout, "LnH listens on")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert not _answers(environment)
