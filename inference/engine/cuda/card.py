"""The kernels on a card: compiled by NVRTC, which comes with torch, and started through the driver."""

import ctypes
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import torch
from platformdirs import user_cache_path

from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.source import KERNELS, source

if TYPE_CHECKING:
    from inference.engine.cuda.places import Place

# Threads of a team. Nothing that is computed depends on them.
_THREADS = {"join": 128, "leave": 32, "advance": 128}
_MOST_THREADS = 256
_OLDEST = (8, 0)  # bfloat16 in matrices begins here
_LAST_WORDS = 300
_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


class CardKernels:
    """Kernels of one card.

    Raises:
        CardUnavailable: there is no such card, it is too old, or its compiler or driver refuses.
    """

    def __init__(self, device: torch.device, *, half: bool = True, folder: Path | None = None) -> None:
        self._driver = _driver()
        torch.zeros(1, device=device)  # makes the context that torch and we share
        major, minor = torch.cuda.get_device_capability(device)
        if (major, minor) < _OLDEST:
            raise CardUnavailable(f"{torch.cuda.get_device_name(device)} is too old for bfloat16")
        self.half, self._device = half, device
        self._context = ctypes.c_void_p()
        self._check(self._driver.cuCtxGetCurrent(ctypes.byref(self._context)))
        binary = compiled(source(half=half), f"sm_{major}{minor}", folder)
        module = ctypes.c_void_p()
        self._check(self._driver.cuModuleLoadData(ctypes.byref(module), binary))
        self._functions = {name: self._function(module, f"lnh_{name}") for name in KERNELS}
        self.slot_bytes, self.riff_bytes, header_bytes = self._sizes(module)
        self.header_ints = header_bytes // 4

    def run(self, name: str, place: "Place", number: int, rows: range, parts: int = 1) -> None:
        """As `Kernels.run`, on torch's current stream; returns at once."""
        stream = ctypes.c_void_p(torch.cuda.current_stream(self._device).cuda_stream)
        values = (place, ctypes.c_int(number), ctypes.c_int(rows.start))
        arguments = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
        # A thread of its own calls us, in which torch may not have spoken with the card yet.
        self._check(self._driver.cuCtxSetCurrent(self._context))
        grid, threads = (len(rows), parts, 1), (_THREADS.get(name, _MOST_THREADS), 1, 1)
        self._check(self._driver.cuLaunchKernel(self._functions[name], *grid, *threads, 0, stream, arguments, None))

    def _function(self, module: ctypes.c_void_p, name: str) -> ctypes.c_void_p:
        function = ctypes.c_void_p()
        self._check(self._driver.cuModuleGetFunction(ctypes.byref(function), module, name.encode()))
        return function

    def _sizes(self, module: ctypes.c_void_p) -> tuple[int, ...]:
        address, size = ctypes.c_uint64(), ctypes.c_size_t()
        found = (ctypes.byref(address), ctypes.byref(size), module, b"lnh_sizes")
        self._check(self._driver.cuModuleGetGlobal_v2(*found))
        sizes = (ctypes.c_int32 * 3)()
        self._check(self._driver.cuMemcpyDtoH_v2(sizes, address, ctypes.c_size_t(ctypes.sizeof(sizes))))
        return tuple(sizes)

    def _check(self, result: int) -> None:
        if result:
            words = ctypes.c_char_p()
            self._driver.cuGetErrorString(result, ctypes.byref(words))
            raise RuntimeError(f"the card's driver says: {(words.value or b'unknown error').decode()}")


def compiled(text: str, architecture: str, folder: Path | None = None) -> bytes:
    """Machine code of a card, from `folder` (a folder of this user's caches) if it was compiled before.

    Raises:
        CardUnavailable: there is no NVRTC, or it does not take the text.
    """
    compiler = _Compiler()
    key = hashlib.sha256("\0".join((text, architecture, compiler.version)).encode()).hexdigest()[:16]
    folder = user_cache_path("lnh") / "cuda" if folder is None else folder
    path = folder / f"kernels-{architecture}-{key}.cubin"
    if path.exists():
        return path.read_bytes()
    binary = compiler.compile(text, architecture)
    try:
        _keep(binary, path)
    except OSError as error:  # the next start compiles again, which takes seconds
        _log.warning("the card's kernels cannot be kept", folder=str(folder), reason=error.strerror)
    return binary


def _keep(binary: bytes, path: Path) -> None:
    """Under a name of its own first: several engines may start at once, and nobody must ever load half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=path.stem, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as part:
            part.write(binary)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


class _Compiler:
    def __init__(self) -> None:
        self._library = _nvrtc()
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        self.version = f"{major.value}.{minor.value}"

    def compile(self, text: str, architecture: str) -> bytes:
        library, program = self._library, ctypes.c_void_p()
        options = [f"--gpu-architecture={architecture}".encode(), b"--std=c++17"]
        library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None)
        try:
            if library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options)):
                words = " ".join(self._text(program, "ProgramLog").decode(errors="replace").split())[:_LAST_WORDS]
                raise CardUnavailable(f"NVRTC {self.version} cannot compile the kernels: {words}")
            return self._text(program, "CUBIN")
        finally:
            library.nvrtcDestroyProgram(ctypes.byref(program))

    def _text(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        getattr(self._library, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        getattr(self._library, f"nvrtcGet{what}")(program, buffer)
        return buffer.raw


def _driver() -> ctypes.CDLL:
    if not torch.cuda.is_available() or torch.version.cuda is None:
        raise CardUnavailable("there is no CUDA card here, or this torch is not built for one")
    return _loaded("the driver of the card", "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def _nvrtc() -> ctypes.CDLL:
    major = str(torch.version.cuda).partition(".")[0]
    if sys.platform == "win32":
        return _loaded("NVRTC", f"nvrtc64_{major}0_0.dll")
    name = f"libnvrtc.so.{major}"
    # Where the wheels that torch depends on put it, which the system's linker does not know.
    packages = Path(torch.__file__).parents[1]
    # NVRTC asks for this one by name when it compiles; the linker knows the name of what is loaded already.
    for builtins in packages.glob(f"nvidia/*/lib/libnvrtc-builtins.so.{major}.*"):
        _loaded("a part of NVRTC", str(builtins))
    beside_torch = sorted(packages.glob(f"nvidia/*/lib/{name}"))
    return _loaded("NVRTC", name, *map(str, beside_torch), "libnvrtc.so")


def _loaded(what: str, *names: str) -> ctypes.CDLL:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            last = error
    raise CardUnavailable(f"{what} cannot be loaded: {last}")
