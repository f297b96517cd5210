"""The native step is built once, whole or not at all, and torch takes over where it cannot be."""

import sys
from pathlib import Path

import pytest
import structlog

from inference.engine import load_runner
from inference.engine.native.build import library
from inference.engine.native.errors import NativeUnavailable
from inference.engine.runner import Runner
from inference.model.checkpoint import save_checkpoint
from tests.unit.inference.engine.tiny import tiny_composer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the native step is not built on Windows")


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the compiler's place that notes what it is asked for and writes an empty library."""
    program = tmp_path / "cxx"
    program.write_text(
        '#!/bin/sh\necho "$@" >> "$0.log"\n'
        'while [ $# -gt 1 ]; do if [ "$1" = "-o" ]; then : > "$2"; fi; shift; done\n'
        '[ -e "$0.fails" ] && echo "no room" >&2 && exit 1\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    return program


def compilations(compiler: Path) -> int:
    return compiler.with_suffix(".log").read_text().count(" -o ")


def test_a_library_is_built_once(tmp_path: Path, compiler: Path) -> None:
    first, second = library(tmp_path / "cache"), library(tmp_path / "cache")
    assert first == second
    assert first.exists()
    assert compilations(compiler) == 1


def test_other_flags_are_another_library(tmp_path: Path, compiler: Path) -> None:
    folder = tmp_path / "cache"
    assert library(folder, ("-march=a",)) != library(folder, ("-march=b",))
    assert compilations(compiler) == 2


def test_a_compiler_that_fails_leaves_nothing_and_says_why(tmp_path: Path, compiler: Path) -> None:
    library(tmp_path / "before")
    compiler.with_suffix(".fails").touch()
    with pytest.raises(NativeUnavailable, match="no room"):
        library(tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


def test_without_a_compiler_torch_takes_over_and_the_log_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr("inference.engine._GPU", tmp_path / "none")
    save_checkpoint(tiny_composer(), tmp_path / "tiny.safetensors", {})
    with structlog.testing.capture_logs() as logs:
        runner = load_runner(tmp_path / "tiny.safetensors", 16, 1, "auto")
    assert isinstance(runner, Runner)
    assert runner.slots == 4
    assert [(line["log_level"], line["reason"]) for line in logs] == [
        ("warning", "there is no C++ compiler (no-such-compiler)")
    ]
    with pytest.raises(NativeUnavailable, match="no C\\+\\+ compiler"):
        load_runner(tmp_path / "tiny.safetensors", 16, 1, "native")
