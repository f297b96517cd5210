"""What a card's compiler makes of the kernels, where there is one; no card is needed for that."""

import ctypes
from pathlib import Path

import pytest

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


def test_a_text_that_nvrtc_does_not_take_is_refused_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        library = ctypes.CDLL("libnvrtc.so")
    except OSError:
        pytest.skip("there is no NVRTC here, which comes with torch for CUDA")
    monkeypatch.setattr(card, "_nvrtc", lambda: library)
    with pytest.raises(CardUnavailable, match="error"):
        card.compiled("no CUDA", "sm_90", Path("never-written"))
