"""Compiles the native step once for each machine and each state of its source, and keeps the result."""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from inference.engine import rules
from inference.engine.native.errors import NativeUnavailable
from inference.engine.rules.constants import HEADERS, constants

_FOLDER, _RULES = Path(__file__).parent, Path(rules.__file__).parent
_SOURCE = _FOLDER / "step.cpp"
_COMPILERS = ("c++", "g++", "clang++")
# Contraction would let a compiler choose where to round.
_FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-fPIC", "-shared", "-pthread", "-w")
_TIMEOUT_S = 600.0  # a compiler that others starve takes minutes
_CPU_TABLE = Path("/proc/cpuinfo")
_LAST_WORDS = 300


def library(folder: Path | None = None, flags: tuple[str, ...] | None = None) -> Path:
    """The compiled library in `folder`, built now if it is not there yet; takes some seconds then.

    Args:
        folder: None is a folder of this user's caches.
        flags: what to compile for; None is this very machine.

    Raises:
        NativeUnavailable: there is no compiler, or it fails.
    """
    compiler = _compiler()
    macros = (f"-D{name}={value}" for name, value in constants().items())
    flags = (*_FLAGS, *macros, *(_for_this_machine() if flags is None else flags))
    folder = user_cache_path("lnh") / "native" if folder is None else folder
    path = folder / f"step-{_key(compiler, flags)}.so"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _compile(compiler, flags, path)
    except OSError as error:
        raise NativeUnavailable(f"the native step cannot be kept in {folder}: {error.strerror}") from error
    return path


def _compiler() -> list[str]:
    if sys.platform == "win32":
        raise NativeUnavailable("the native step is not built on Windows")
    named = shlex.split(os.environ.get("CXX", ""))
    for name in named[:1] or _COMPILERS:
        found = shutil.which(name)
        if found:
            return [found, *named[1:]]
    raise NativeUnavailable(f"there is no C++ compiler ({', '.join(named[:1] or _COMPILERS)})")


def _for_this_machine() -> tuple[str, ...]:
    return ("-mcpu=native",) if platform.machine() in ("arm64", "aarch64") else ("-march=native",)


def _key(compiler: list[str], flags: tuple[str, ...]) -> str:
    """Names everything the library depends on."""
    sources = [*sorted(_FOLDER.glob("*.[ch]pp")), *(_RULES / name for name in HEADERS)]
    parts = [path.read_bytes() for path in sources]
    parts += [repr((compiler, flags)).encode(), _version(compiler), _processor().encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _version(compiler: list[str]) -> bytes:
    return _run([*compiler, "--version"])


def _processor() -> str:
    """What `native` stands for here."""
    if not _CPU_TABLE.exists():
        return f"{platform.machine()} {platform.processor()} {platform.release()}"
    lines = _CPU_TABLE.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(sorted({line for line in lines if line.lower().startswith(("model name", "flags", "features"))}))


def _compile(compiler: list[str], flags: tuple[str, ...], path: Path) -> None:
    """Under another name first, so that nobody ever loads half a library."""
    descriptor, name = tempfile.mkstemp(prefix=path.stem, suffix=".part", dir=path.parent)
    os.close(descriptor)
    try:
        _run([*compiler, *flags, str(_SOURCE), "-o", name])
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _run(command: list[str]) -> bytes:
    try:
        return subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S).stdout  # noqa: S603
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.decode(errors="replace").split())[:_LAST_WORDS]
        raise NativeUnavailable(f"{command[0]} cannot build the native step: {words}") from error
    except subprocess.TimeoutExpired as error:
        raise NativeUnavailable(f"{command[0]} takes longer than {error.timeout:g} s for the native step") from error
    except OSError as error:
        raise NativeUnavailable(f"{command[0]} cannot build the native step: {error}") from error
