"""What multiplies bytes, what multiplies pairs and what multiplies neither at once find the same bits."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from inference.engine import native

_FLAGS = ("-std=c++17", "-O1", "-ffp-contract=off", "-w", f"-I{Path(native.__file__).parent}")
_EMULATED = ("aarch64-linux-gnu-g++", "-static")
_TIMEOUT_S = 300.0


def digest(folder: Path, *command: str, emulator: tuple[str, ...] = ()) -> str | None:
    """What `machines.cpp` prints, None where it cannot be compiled or this processor cannot run it."""
    if any(shutil.which(tool) is None for tool in (command[0], *emulator)):
        return None
    program = folder / "program"
    source = Path(__file__).with_name("machines.cpp")
    compiled = subprocess.run(  # noqa: S603
        [*command, *_FLAGS, str(source), "-o", str(program)], capture_output=True, timeout=_TIMEOUT_S, check=False
    )
    if compiled.returncode:
        return None
    ran = subprocess.run(  # noqa: S603
        [*emulator, str(program)], capture_output=True, timeout=_TIMEOUT_S, check=False
    )
    return None if ran.returncode < 0 else ran.stdout.decode()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> str:
    arm = platform.machine() in ("arm64", "aarch64")
    found = digest(tmp_path_factory.mktemp("here"), "c++", "-mcpu=native" if arm else "-march=native")
    if found is None:
        pytest.skip("there is no C++ compiler for this machine")
    return found


@pytest.mark.parametrize("kind", ["haswell", "skylake-avx512", "icelake-server"])
def test_vector_units_of_x86_agree(here: str, kind: str, tmp_path: Path) -> None:
    found = digest(tmp_path, "c++", f"-march={kind}")
    if found is None:
        pytest.skip(f"not a machine that runs what is made for {kind}")
    assert found == here


@pytest.mark.parametrize("kind", ["armv8-a", "armv8.2-a+dotprod"])
def test_arm_agrees(here: str, kind: str, tmp_path: Path) -> None:
    found = digest(tmp_path, *_EMULATED, f"-march={kind}", emulator=("qemu-aarch64",))
    if found is None:
        pytest.skip("there is no compiler for ARM, or nothing to run its programs")
    assert found == here
