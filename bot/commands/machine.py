"""The machine a verb runs on, as far as speed depends on it."""

import importlib.metadata
import os
import platform
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CPU_TABLE = Path("/proc/cpuinfo")


def usable_cores() -> int:
    """Cores that this process may use, which a container may have fewer of than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's own name if the system tells, else its kind."""
    if _CPU_TABLE.exists():
        for line in _CPU_TABLE.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def torch_version() -> str:
    """Without importing it, which takes seconds."""
    return importlib.metadata.version("torch")


def load_average() -> float:
    """Processes that wanted a core in the last minute, on average; 0 where the system does not count them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
