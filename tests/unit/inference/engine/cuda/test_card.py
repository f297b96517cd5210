"""What a card's compiler makes of the kernels, where there is one; no card is needed for that."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inference.engine.cuda import card
from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.kernels import HostKernels
from inference.engine.cuda.source import KERNELS, source
from inference.engine.rules.song import HEADER_INTS


def test_one_text_holds_everything_and_includes_nothing_of_ours() -> None:
    for half in (False, True):
        text = source(half=half)
        assert '#include "' not in text
        assert all(f"LNH_KERNEL({name})" in text for name in KERNELS)
        assert f"#define LNH_BF16 {int(half)}" in text


def test_what_a_slot_is_told_has_the_length_that_the_kernels_read() -> None:
    try:
        kernels = HostKernels()
    except CardUnavailable as error:
        pytest.skip(str(error))
    assert kernels.header_ints == HEADER_INTS
    assert kernels.slot_bytes % 8 == 0


def test_without_a_compiler_the_kernels_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CXX", "")
    with pytest.raises(CardUnavailable, match=r"no C\+\+ compiler"):
        HostKernels()


@pytest.mark.parametrize("half", [False, True])
def test_nvrtc_compiles_the_kernels_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: bool) -> None:
    try:
        library = ctypes.CDLL("libnvrtc.so")
    except OSError:
        pytest.skip("there is no NVRTC here, which comes with torch for CUDA")
    monkeypatch.setattr(card, "_nvrtc", lambda: library)
    made = card.compiled(source(half=half), "sm_90", tmp_path)
    assert made[:4] == b"\x7fELF"
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"kept")
    assert card.compiled(source(half=half), "sm_90", tmp_path) == b"kept"


class Compiler:
    """Compiles nothing, at once."""

    version = "99.1"

    def compile(self, text: str, architecture: str) -> bytes:
        return f"{architecture}: {text}".encode()


def test_kernels_that_cannot_be_kept_are_used_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "_Compiler", Compiler)
    (tmp_path / "no-folder").write_text("a file")
    assert card.compiled("text", "sm_90", tmp_path / "no-folder") == b"sm_90: text"


def test_kernels_that_are_kept_leave_nothing_half_done_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "_Compiler", Compiler)
    for _ in range(2):
        assert card.compiled("text", "sm_90", tmp_path) == b"sm_90: text"
    assert [path.suffix for path in tmp_path.iterdir()] == [".cubin"]


def test_a_text_that_nvrtc_does_not_take_is_refused_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        library = ctypes.CDLL("libnvrtc.so")
    except OSError:
        pytest.skip("there is no NVRTC here, which comes with torch for CUDA")
    monkeypatch.setattr(card, "_nvrtc", lambda: library)
    with pytest.raises(CardUnavailable, match="error"):
        card.compiled("no CUDA", "sm_90", Path("never-written"))


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("c++") is None, reason="needs a C++ compiler on Linux")
def test_nvrtc_finds_its_other_half_beside_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nvidia" / "cu99" / "lib"
    folder.mkdir(parents=True)
    for name in ("libnvrtc.so.99", "libnvrtc-builtins.so.99.1"):
        command = ["c++", "-shared", "-x", "c++", "/dev/null", f"-Wl,-soname,{name}", "-o", str(folder / name)]
        subprocess.run(command, check=True)  # noqa: S603
    monkeypatch.setattr(torch, "__file__", str(tmp_path / "torch" / "__init__.py"))
    monkeypatch.setattr(torch.version, "cuda", "99.1")
    with pytest.raises(OSError, match="libnvrtc-builtins"):
        ctypes.CDLL("libnvrtc-builtins.so.99.1")
    card._nvrtc()
    ctypes.CDLL("libnvrtc-builtins.so.99.1")
