"""The kernels, compiled for a card or, to be tested without one, for this processor."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from platformdirs import user_cache_path

from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.source import KERNELS, source

if TYPE_CHECKING:
    from inference.engine.cuda.places import Place

_COMPILERS = ("c++", "g++", "clang++")
# The card keeps no track of what type lies where, nor may this compiler. Hidden, because several of these libraries may
# be loaded at once and must not share what has the same name.
_FLAGS = (
    "-std=c++17",
    "-fvisibility=hidden",
    "-O2",
    "-ffp-contract=off",
    "-fno-strict-aliasing",
    "-fPIC",
    "-shared",
    "-pthread",
    "-w",
)
_TIMEOUT_S = 180.0
_SLOT, _RIFF, _HEADER = range(3)


class Kernels(Protocol):
    """Runs kernels over rows of songs; `half` says that they take matrices of bfloat16."""

    half: bool
    slot_bytes: int
    riff_bytes: int
    header_ints: int

    def run(self, name: str, place: "Place", number: int, rows: range, parts: int = 1) -> None:
        """One team for each of `rows` and each part of it; `number` is the layer or the field."""


class HostKernels:
    """On this processor, one team after another, each of one thread or, slowly, of some.

    Raises:
        CardUnavailable: there is no C++ compiler.
    """

    def __init__(self, *, half: bool = False, threads: int = 1, folder: Path | None = None) -> None:
        self.half = half
        self._library = ctypes.CDLL(str(_library(source(half=half, threads=threads), folder)))
        self.slot_bytes, self.riff_bytes = (self._library.lnh_size(what) for what in (_SLOT, _RIFF))
        self.header_ints = self._library.lnh_size(_HEADER) // 4
        self._kernels = {name: getattr(self._library, f"lnh_{name}") for name in KERNELS}
        for kernel in self._kernels.values():
            kernel.argtypes = (ctypes.c_void_p, *(ctypes.c_int,) * 4)
            kernel.restype = None

    def run(self, name: str, place: "Place", number: int, rows: range, parts: int = 1) -> None:
        """As `Kernels.run`, and returns when it is done."""
        self._kernels[name](ctypes.addressof(place), number, rows.start, len(rows), parts)


def _library(text: str, folder: Path | None) -> Path:
    compiler = next(filter(None, map(shutil.which, (os.environ.get("CXX", ""), *_COMPILERS))), None)
    if compiler is None:
        raise CardUnavailable("there is no C++ compiler to try the kernels with")
    folder = user_cache_path("lnh") / "cuda" if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = hashlib.sha256("\0".join((text, compiler, *_FLAGS)).encode()).hexdigest()[:16]
    path = folder / f"kernels-{key}.so"
    if not path.exists():
        _compile(compiler, text, path)
    return path


def _compile(compiler: str, text: str, path: Path) -> None:
    """Under another name first, so that nobody ever loads half a library."""
    descriptor, name = tempfile.mkstemp(prefix=path.stem, suffix=".part", dir=path.parent)
    os.close(descriptor)
    try:
        command = [compiler, *_FLAGS, "-x", "c++", "-", "-o", name]
        subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=_TIMEOUT_S)  # noqa: S603
        Path(name).replace(path)
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.decode(errors="replace").split())[:300]
        raise CardUnavailable(f"{compiler} cannot build the kernels: {words}") from error
    finally:
        Path(name).unlink(missing_ok=True)
